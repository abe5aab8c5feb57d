import {expect} from 'chai'

import {neverVacuumed, vacuumCopied} from '../../src/lib/copy/vacuum.js'
import {heldByAutovacuum} from '../../src/lib/postgres/sessions.js'
import {lockedAtOnce, sendAutovacuumAway} from '../../src/lib/postgres/table-lock.js'
import {ask, servers, type Source, type Target, until} from '../support/servers.js'

/** Begins as soon as there is a row, and takes hours over it. */
const SLOWLY = `autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1`

const busyTable = (name: string) => `
  create table ${name} (id int, filler text) with (${SLOWLY});
  insert into ${name} select n, repeat('x', 500) from generate_series(1, 20000) n; delete from ${name} where id % 2 = 0`

describe('Vacuum', function () {
  this.timeout(60_000)
  const both = servers()
  let source: Source
  let target: Target

  before(async () => {
    await Promise.all([both.source, both.target].map((server) => server.configure({autovacuum_naptime: '1s'})))
    source = await both.newSource()
    target = await both.newTarget()
  })

  for (const [side, of, server] of [
    ['source', () => source, () => both.source],
    ['target', () => target, () => both.target],
  ] as const) {
    it(`of its own accord gives way on the ${side} before the window, however long it would have taken`, async () => {
      const {url, db} = of()
      await ask(url, `${busyTable('"Busy; one"')}; ${busyTable('busy_two')}; create table idle (id int)`)
      const lock = 'lock table public.busy_two, public."Busy; one" in share row exclusive mode'
      await until('an autovacuum of both', async () => (await heldByAutovacuum(db)).length === 2, 40_000)
      expect((await heldByAutovacuum(db)).toSorted()).to.deep.equal(['"public"."Busy; one"', '"public"."busy_two"'])
      await server().configure({autovacuum_naptime: '1h'})
      expect(await lockedAtOnce(db, lock), 'before it gave way').to.equal(false)

      const writer = await of().client()
      await writer.query('begin; insert into busy_two values (1)')
      await sendAutovacuumAway(db)
      await writer.query('rollback')
      expect(await lockedAtOnce(db, lock), 'after it gave way').to.equal(true)
      await ask(url, 'drop table busy_two, "Busy; one"')
    })
  }

  it('of a copy sees to every table that nobody has vacuumed yet', async () => {
    await ask(
      target.url,
      `create table "First; one" (id int) with (autovacuum_enabled = off); insert into "First; one" select generate_series(1, 1000);
       create table second (id int) with (autovacuum_enabled = off);
       create table days (id int, day date) partition by range (day);
       create table day_one partition of days for values from ('2025-01-01') to ('2026-01-01') with (autovacuum_enabled = off);
       insert into days values (1, '2025-05-05')`,
    )
    const tables = ['"public"."First; one"', '"public"."day_one"', '"public"."second"']
    expect((await neverVacuumed(target.db)).map(({name}) => name)).to.include.members(tables)
    expect(await vacuumCopied({source: source.db, target: target.db})).to.be.greaterThan(2)
    expect(await neverVacuumed(target.db)).to.deep.equal([])
    expect(
      await ask(
        target.url,
        `select relallvisible > 0 as seen from pg_class where relname in ('First; one', 'day_one')`,
      ),
    ).to.deep.equal([{seen: true}, {seen: true}])
    expect(await vacuumCopied({source: source.db, target: target.db})).to.equal(0)
  })
})
