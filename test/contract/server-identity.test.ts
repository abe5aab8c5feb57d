import {expect} from 'chai'

import {failOver} from '../../sandbox/postgres/aurora.js'
import {CHECKS} from '../../src/lib/assessment/assess.js'
import type {Subject} from '../../src/lib/assessment/check.js'
import {CREATE_COMMON} from '../../src/lib/capture/log.js'
import {lookAt} from '../../src/lib/capture/look.js'
import {identityOf, isSameDatabase} from '../../src/lib/postgres/identity.js'
import type {Session} from '../../src/lib/ports/ports.js'
import type {RdsError} from '../../src/lib/ports/errors.js'
import {captureOf, verifyWhileLive} from '../support/capture.js'
import {persistently, rememberState} from '../support/earlier-state.js'
import {ask, contentsOf, servers, type Source, type Target} from '../support/servers.js'

const SCHEMA = 'create table things (id int primary key); insert into things values (1), (2)'

const KINDS = [
  {kind: 'plain Postgres', system: /^\d+$/, timeline: '00000001'},
  {
    kind: 'Aurora that tells of its control file',
    aurora: {controlFile: 'readable'},
    system: /^\d+$/,
    timeline: 'hidden',
  },
  {kind: 'Aurora that does not', aurora: {controlFile: 'refused'}, system: /^hidden$/, timeline: 'hidden'},
] as const

for (const {kind, system, timeline, ...how} of KINDS) {
  describe(`Which server this is, on ${kind}`, () => {
    const both = servers(how)
    let source: Source
    let target: Target

    before(async () => {
      ;[source, target] = [await both.newSource(), await both.newTarget()]
      await ask(source.url, SCHEMA)
      await source.db.query(CREATE_COMMON)
    })

    /** Reads with the rights of a sync, and of an assessment. */
    const everyWay = async <T>(read: (session: Session) => Promise<T>): Promise<T[]> => [
      await source.db.session(read),
      await source.db.transaction(read, {mode: 'isolation level repeatable read'}),
      await source.db.transaction(read, {mode: 'read only'}),
    ]

    it('says what the server tells, in a transaction that goes on', async () => {
      const names = await everyWay(async (db) => {
        const {name, ended, next} = await lookAt(db, [], 'public')
        expect(BigInt(next) >= BigInt(ended)).to.equal(true)
        expect(await db.queryOne('select 1 as on')).to.deep.equal({on: 1})
        return name
      })
      expect(new Set(names).size).to.equal(1)
      const [of, on] = names[0]!.split('/')
      expect(of).to.match(system)
      expect(on).to.equal(timeline)
    })

    it('is what the assessment says of it', async () => {
      const check = CHECKS.find(({id}) => id === 'hidden-timeline')!
      const found = await check.inspect({
        source: source.db,
        sourceFacts: {addon: 'postgresql-flat-1'},
      } as unknown as Subject)
      expect(found.map(({what}) => what.replace(/:.*/, ''))).to.deep.equal(
        timeline === 'hidden' ? ['postgresql-flat-1 runs on Aurora, which hides its timeline'] : [],
      )
    })

    it('tells databases apart, and knows one again by another connection, after a failover too', async () => {
      const [other, copy] = [await both.newSource(), await both.newTarget({journal: false})]
      const all = [source.db, other.db, target.db, copy.db]
      const names = await Promise.all(all.map(identityOf))
      expect(new Set(names).size).to.equal(4)
      const elsewhere = await identityOf({...target.db, place: 'elsewhere:5432/app'})
      if (names[0]!.startsWith('hidden')) expect(elsewhere, 'of the same name').not.to.equal(names[2])
      else expect(elsewhere, 'by another host name').to.equal(names[2])
      for (const one of all)
        for (const another of all) expect(await isSameDatabase(one, another)).to.equal(one === another)
      const asTarget = {...source.db, side: 'target'} as const
      expect(await isSameDatabase(source.db, asTarget)).to.equal(true)
      await Promise.all([failOver(both.source), failOver(both.target)])
      expect(await Promise.all(all.map((db) => persistently(() => identityOf(db))))).to.deep.equal(names)
    })

    it('lets syncs go on after a failover that lost nothing', async () => {
      const capture = await captureOf(source, target)
      await capture.start()
      await ask(source.url, 'insert into things values (3)')
      await capture.sync()
      await failOver(both.source)
      await persistently(() => ask(source.url, 'insert into things values (4)'))
      await persistently(() => capture.sync())
      expect(await contentsOf(target.superuserUrl)).to.deep.equal(await contentsOf(source.superuserUrl))
    })

    it('refuses a server that is in an earlier state than at the last sync, whatever its timeline', async () => {
      const capture = await captureOf(source, target)
      const restore = await rememberState(both.source)
      for (const id of [5, 6, 7]) await persistently(() => ask(source.url, `insert into things values (${id})`))
      await persistently(() => capture.sync())
      const contents = await contentsOf(target.superuserUrl)
      await restore()

      await persistently(() => ask(source.url, 'insert into things values (8)'))
      const error = await errorOf(persistently(() => capture.sync()))
      expect(error.code).to.equal('source_failed_over')
      expect(error.suggestions.join()).to.include('rds:verify --repair')
      expect(await contentsOf(target.superuserUrl)).to.deep.equal(contents)

      await verifyWhileLive(capture.migration, {repair: true})
      await capture.sync()
      expect(await contentsOf(target.superuserUrl)).to.deep.equal(await contentsOf(source.superuserUrl))
    })
  })
}

const errorOf = (work: Promise<unknown>): Promise<RdsError> =>
  work.then(
    () => expect.fail('it should have been refused'),
    (error: RdsError) => error,
  )
