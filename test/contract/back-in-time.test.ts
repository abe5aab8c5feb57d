import {expect} from 'chai'

import type {Guard} from '../../src/lib/postgres/catalog.js'
import type {RdsError} from '../../src/lib/ports/errors.js'
import {captureOf, verifyWhileLive} from '../support/capture.js'
import {persistently, rememberState} from '../support/earlier-state.js'
import {ask, contentsOf, errorOf, servers, type Source, type Target} from '../support/servers.js'

const SCHEMA = `
  create table things (id int primary key, v text); insert into things select n, 'v' from generate_series(1, 50) n;
  create table others (id int primary key, v text); insert into others select n, 'v' from generate_series(1, 50) n`

const KINDS = [
  {kind: 'plain Postgres', hidden: false},
  {kind: 'Aurora, which hides its timeline', aurora: {controlFile: 'readable'}, hidden: true},
] as const

for (const {kind, hidden, ...how} of KINDS) {
  describe(`A side that is in an earlier state than at the last sync, on ${kind}`, function () {
    this.timeout(120_000)
    const both = servers(how)
    let source: Source
    let target: Target
    let capture: Awaited<ReturnType<typeof captureOf>>

    beforeEach(async () => {
      ;[source, target] = await Promise.all([both.newSource(), both.newTarget()])
      await ask(source.url, SCHEMA)
      capture = await captureOf(source, target)
      await capture.start()
    })

    const write = (sql: string) => persistently(() => ask(source.url, sql))

    const expectRefused = async (code: string) => {
      const contents = await contentsOf(target.superuserUrl)
      const error = await errorOf<RdsError>(persistently(() => capture.sync()))
      expect(error.code, error.message).to.equal(code)
      expect(error.suggestions.join()).to.include('rds:verify --repair')
      expect(await contentsOf(target.superuserUrl)).to.deep.equal(contents)
    }

    const expectRepaired = async () => {
      await verifyWhileLive(capture.migration, {repair: true})
      await capture.sync()
      expect(await contentsOf(target.superuserUrl)).to.deep.equal(await contentsOf(source.superuserUrl))
      expect((await verifyWhileLive(capture.migration)).differences).to.deep.equal([])
    }

    it('is refused when it is the target, and made equal again', async () => {
      const restore = await rememberState(both.target)
      await write(`update things set v = 'lost on the target' where id < 10; insert into things values (100, 'lost')`)
      await persistently(() => capture.sync())
      await restore()
      await write(`update others set v = 'later' where id = 1`)
      await expectRefused('target_went_back')
      await expectRepaired()
    })

    it('is refused when it is the target on which only syncs that brought nothing are missing', async () => {
      const restore = await rememberState(both.target)
      await persistently(() => capture.sync())
      await capture.sync()
      await restore()
      await expectRefused('target_went_back')
    })

    it('is refused when it is the source, though its transactions have gone on', async () => {
      const restore = await rememberState(both.source)
      await write(`update things set v = 'lost on the source' where id < 10`)
      for (let n = 0; n < 3; n++) await persistently(() => capture.sync())
      await restore()
      for (let n = 0; n < 50; n++) await write(`update others set v = 'transaction ${n}' where id = ${n}`)
      await expectRefused('source_went_back')
      await expectRepaired()
    })

    it('is not what a process leaves behind that dies between both commits', async () => {
      await verifyWhileLive(capture.migration)
      const dying = await captureOf(source, target)
      Object.assign(dying.migration.guard, {
        source: `do $$ begin raise exception using errcode = 'HR999', message = 'dies here'; end $$` satisfies Guard,
      })
      await write(`update things set v = 'touched' where id < 10`)
      for (let n = 0; n < 2; n++) expect((await errorOf(dying.sync())).message).to.include('dies here')
      await capture.sync()
      expect(await contentsOf(target.superuserUrl)).to.deep.equal(await contentsOf(source.superuserUrl))
      // Where a failover does not show, it may have been one that lost the second commit, and others of the app's.
      expect(
        await ask(
          target.superuserUrl,
          'select relation, verified_sync is not null as proven from heroku_rds.sync_units order by 1',
        ),
      ).to.deep.equal([
        {relation: '"public"."others"', proven: true},
        {relation: '"public"."things"', proven: !hidden},
      ])
    })
  })
}
