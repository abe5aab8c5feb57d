import {readFileSync} from 'node:fs'

import {expect} from 'chai'

import {assess, CHECKS, type World} from '../../src/lib/assessment/assess.js'
import {clock} from '../../src/lib/adapters/clock.js'
import {openDatabase} from '../../src/lib/adapters/postgres.js'
import {failed, refused} from '../../src/lib/ports/errors.js'
import {ADDON, healthyHeroku, healthyRds} from '../support/healthy.js'
import {ask, servers, type Source, SOURCE_TLS, type Target, until} from '../support/servers.js'

const SHOP = readFileSync(new URL('../../sandbox/shop/schema.sql', import.meta.url), 'utf8')
describe('an assessment', () => {
  const both = servers()
  let source: Source
  let target: Target

  before(async () => {
    source = await both.newSource()
    await ask(source.url, SHOP)
    target = await both.newTarget()
  })

  const world = (changes: Partial<World> = {}): World => ({
    app: 'shop',
    addon: ADDON,
    heroku: healthyHeroku(),
    source: source.db,
    sourceAddress: source.parts,
    target: target.db,
    targetEndpoint: target.parts,
    rds: healthyRds,
    clock,
    ...changes,
  })

  it('of a healthy shop asks every question, and recommends the simplest method', async () => {
    const {findings, checks, recommendation, bridge, schemaVersion} = await assess(world())
    expect(findings.filter(({level}) => level === 'blocker' || level === 'unknown')).to.deep.equal([])
    expect(checks).to.equal(CHECKS.length).and.to.be.at.least(45)
    expect(recommendation!.method).to.equal('dump-restore')
    expect({bridge, schemaVersion}).to.deep.equal({bridge: undefined, schemaVersion: 1})
  })

  const refusal = () => Promise.reject(failed('forbidden', 'Heroku answered 403'))
  const holes: [string, Partial<World>, string[]][] = [
    ['the Data API is closed', {heroku: healthyHeroku({databaseInfo: refusal})}, ['followers', 'not-available']],
    ['planned maintenance is hidden', {heroku: healthyHeroku({plannedMaintenance: refusal})}, ['planned-maintenance']],
    [
      'config vars may not be read',
      {heroku: healthyHeroku({configVars: refusal})},
      ['config-vars-not-moved', 'nothing-to-move'],
    ],
    ['the space may not be looked at', {heroku: healthyHeroku({network: refusal})}, ['no-static-addresses']],
    ['pipelines are hidden', {heroku: healthyHeroku({pipeline: refusal})}, ['pipeline']],
    [
      'AWS does not know us',
      {rds: {...healthyRds, find: refusal}},
      ['target-storage', 'target-backups', 'target-status'],
    ],
  ]
  for (const [what, changes, questions] of holes) {
    it(`where ${what}: what rests on it is unknown, never fine, and all the rest is answered`, async () => {
      const {findings} = await assess(world(changes))
      const unknown = findings.filter(({level}) => level === 'unknown')
      expect(unknown.map(({check}) => check)).to.include.members(questions)
      for (const {what: said} of unknown) expect(said).to.contain('Heroku answered 403')
      expect(findings.filter(({level}) => level === 'blocker')).to.deep.equal([])
    })
  }

  it('tells how to get an answer that is missing, where that is known', async () => {
    const expired = () => Promise.reject(refused('aws_expired', 'the AWS login has expired', 'log in again'))
    const {findings} = await assess(world({rds: {...healthyRds, find: expired}}))
    const unknown = findings.filter(({level}) => level === 'unknown')
    expect(new Set(unknown.map(({remedy}) => remedy))).to.deep.equal(
      new Set(['log in again, and run heroku rds:assess again']),
    )
  })

  it('says what AWS offers where no target is named, and that it does not know where AWS is silent', async () => {
    const {target: _target, ...untargeted} = world()
    expect((await assess(untargeted)).findings.filter(({level}) => level === 'unknown')).to.deep.equal([])
    const {findings} = await assess({...untargeted, rds: {...healthyRds, offers: refusal}})
    expect(findings.filter(({level}) => level === 'unknown').map(({check}) => check)).to.deep.equal([
      'offered-versions',
    ])
  })

  it('tells what stands in the way of a target that cannot be used', async () => {
    const {target: _target, ...untargeted} = world()
    const {findings, recommendation} = await assess({
      ...untargeted,
      targetTrouble: failed('x', 'no route to it', 'try y'),
    })
    expect(findings.find(({level}) => level === 'blocker')).to.include({what: 'no route to it', remedy: 'try y'})
    expect(recommendation).to.equal(undefined)
  })

  it('writes nothing: its sessions cannot, and the counters of the database do not move', async () => {
    const quiet = await both.newSource()
    await ask(quiet.url, SHOP)
    await ask(
      quiet.url,
      `do $$ begin for n in 1..300 loop execute format('create table public.t_%s (id int primary key)', n); end loop; end $$`,
    )
    const counters = async () => {
      const [row] = await ask<Record<string, string>>(
        both.source.superuserUrl(),
        `select tup_inserted, tup_updated, tup_deleted, temp_bytes from pg_stat_database where datname = '${quiet.database}'`,
      )
      return row
    }
    const nobodyThere = () =>
      until('the end of all sessions', async () => {
        const sql = `select from pg_stat_activity where datname = '${quiet.database}'`
        return (await ask(both.source.superuserUrl(), sql)).length === 0
      })
    await nobodyThere()
    const before = await counters()
    const db = openDatabase('source', quiet.parts, SOURCE_TLS, {reading: true})
    const {source: facts} = await assess(world({source: db, sourceAddress: quiet.parts}), {watchSeconds: 0.1})
    expect(facts.activity!.rowsPerSecond).to.equal(0)
    const refused = await db.query('create table public.x ()').then(
      () => undefined,
      (error: unknown) => (error as {code: string}).code,
    )
    expect(refused).to.equal('25006')
    await db.close()
    await nobodyThere()
    expect(await counters()).to.deep.equal(before)
  })

  it('tries a slot only when asked to, and leaves none', async () => {
    expect((await assess(world())).source.replication.trial).to.equal(undefined)
    const {source: facts, eligibility, findings} = await assess(world(), {trialSlot: true})
    expect(facts.replication.trial).to.match(/replication slots/)
    expect(eligibility.find(({method}) => method === 'dms')!.because).to.include('logical-decoding')
    expect(findings.map(({what}) => what).join()).to.contain('a trial slot was refused')
    expect(await ask(source.superuserUrl, 'select from pg_replication_slots')).to.deep.equal([])
  })
})
