import {readFileSync} from 'node:fs'

import {expect} from 'chai'

import {CHECKS} from '../../src/lib/assessment/assess.js'
import type {Check, Subject} from '../../src/lib/assessment/check.js'
import {sourceFacts, targetFacts} from '../../src/lib/assessment/facts.js'
import type {Heroku} from '../../src/lib/ports.js'
import {ask, servers, type Source, type Target} from '../support/servers.js'

const SHOP = readFileSync(new URL('../../sandbox/shop/schema.sql', import.meta.url), 'utf8')
const ADDON = {id: 'id', name: 'postgresql-flat-1', plan: 'heroku-postgresql:standard-0', billingApp: 'shop'}
const heroku = {
  databaseInfo: () => Promise.resolve({}),
  plannedMaintenance: () => Promise.resolve(undefined),
} as unknown as Heroku

describe('the checks of the assessment', () => {
  const both = servers()
  let source: Source
  let target: Target

  before(async () => {
    source = await both.newSource({credentials: ['analytics']})
    await ask(source.url, SHOP)
    target = await both.newTarget()
  })

  const subject = async (): Promise<Subject> => ({
    app: 'shop',
    apps: [],
    source: source.db,
    sourceFacts: await sourceFacts(source.db, heroku, ADDON),
    target: target.db,
    targetFacts: await targetFacts(target.db),
  })
  const found = async (check: Check) => (await check.inspect(await subject())).map(({what}) => what)

  it('have names of their own, a question, and a cure for every example', () => {
    expect(new Set(CHECKS.map(({id}) => id)).size).to.equal(CHECKS.length)
    for (const {id, question, example, cure} of CHECKS) {
      expect(id).to.match(/^[a-z]+(-[a-z]+)*$/)
      expect(question).to.match(/^[A-Z].*\?$/)
      expect((example === undefined) === (cure === undefined), id).to.equal(true)
    }
    expect(CHECKS.filter(({example}) => example).length).to.be.at.least(6)
  })

  for (const check of CHECKS) {
    it(`${check.id}: nothing is found in the database of a healthy shop`, async () => {
      expect(await found(check)).to.deep.equal([])
    })
  }

  for (const check of CHECKS.filter(({example}) => example)) {
    it(`${check.id}: what it looks for is found, with a remedy, and gone when cured`, async () => {
      await ask(source.url, check.example!)
      const findings = await check.inspect(await subject())
      expect(findings).to.have.lengthOf(1)
      expect(findings[0]!.what).to.match(/\S/)
      expect(findings[0]!.remedy).to.match(/\S/)
      await ask(source.url, check.cure!)
      expect(await found(check)).to.deep.equal([])
    })
  }

  describe('of the world outside', () => {
    const named = (id: string) => CHECKS.find((check) => check.id === id)!

    it('find a table that belongs to somebody else', async () => {
      const {user} = source.credentials.analytics!
      await ask(
        source.superuserUrl,
        `create table public."Their;s" (id int primary key); alter table public."Their;s" owner to ${user}`,
      )
      expect(await found(named('foreign-owners'))).to.deep.equal([
        `public."Their;s" belongs to ${user}: it can neither be frozen nor read for certain`,
      ])
      await ask(source.superuserUrl, 'drop table public."Their;s"')
    })

    it('find an index left invalid', async () => {
      await ask(source.url, 'create table doubles (id int); insert into doubles values (1), (1)')
      await ask(source.url, 'create unique index concurrently doubles_id on doubles (id)').catch(() => undefined)
      expect(await found(named('invalid-indexes'))).to.deep.equal([
        'index public.doubles_id is invalid here and would be built on RDS, where a duplicate key would stop it',
      ])
      await ask(source.url, 'drop table doubles')
    })

    it('find another credential at work', async () => {
      const other = await source.client(source.credentials.analytics!.url)
      const {user} = source.credentials.analytics!
      expect(await found(named('outside-clients'))).to.deep.equal([
        `1 sessions of credential ${user} are connected to ${ADDON.name}`,
      ])
      await other.end()
    })

    it('find an extension that the target does not offer', async () => {
      const facts = await subject()
      facts.targetFacts!.extensions = facts.targetFacts!.extensions.filter(({name}) => name !== 'pg_trgm')
      const findings = await named('target-extensions').inspect(facts)
      expect(findings.map(({what}) => what)).to.have.lengthOf(1)
      expect(findings[0]!.what).to.match(/^extension pg_trgm [\d.]+ is not offered by the target$/)
    })

    it('find that the target is older, is the source itself, or belongs to somebody else', async () => {
      const facts = await subject()
      const older = {...facts, targetFacts: {...facts.targetFacts!, major: 9, version: '9.6'}}
      expect(await named('target-version').inspect(older)).to.have.lengthOf(1)
      expect(await named('target-is-source').inspect({...facts, target: source.db})).to.have.lengthOf(1)
      const stranger = await both.newTarget()
      const foreign = both.openTarget({...stranger, role: target.role, password: target.password})
      expect(await named('target-rights').inspect({...facts, target: foreign.db})).to.have.lengthOf(1)
    })

    it('count the connections that the plan leaves', async () => {
      const facts = await subject()
      const {connections} = facts.sourceFacts
      expect(connections.limit).to.equal(120)
      expect(await named('connections-left').inspect(facts)).to.deep.equal([])
      facts.sourceFacts.connections = {used: 117, limit: 120}
      expect(await named('connections-left').inspect(facts)).to.have.lengthOf(1)
    })
  })
})
