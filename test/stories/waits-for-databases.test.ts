import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {capturedTables} from '../../src/lib/capture/captured.js'
import {syncLive} from '../../src/lib/capture/follow.js'
import {counted} from '../../src/lib/flow/waits.js'
import type {Waits} from '../../src/lib/ports/ports.js'
import {forward} from '../../src/lib/runbook/migration.js'
import {run} from '../../src/lib/runbook/run.js'
import {timelineOf} from '../../src/lib/runbook/timeline.js'
import {ask} from '../support/servers.js'
import {statusOfShop} from '../support/status.js'
import {operate, prepare, useSandbox} from '../support/world.js'

/** Requests that wait for one another over both databases, by step of the window. */
const IN_WINDOW: Record<string, number> = {
  'enter-maintenance': 2,
  'stop-writers': 2,
  'freeze-source': 8,
  drain: 9,
  'attach-constraints': 3,
  reconcile: 3,
  verify: 7,
  'arm-way-back': 2,
  'switch-apps': 4,
  'smoke-test': 7,
  gate: 2,
  open: 7,
}
/** Before the window, of steps whose number must not grow with the tables. */
const BEFORE: Record<string, number> = {preflight: 40, 'catch-up': 70}
const IN_STATUS = 8
const IN_SYNC = 12

/** Beside those of the shop. */
const TABLES = 80
const CAPTURE = {method: 'change-capture'} as const

describe('Requests to the databases that wait for one another', function () {
  this.timeout(300_000)
  const world = useSandbox({distance: 'laptop'})

  const onEachTable = (shop: Shop, sql: (table: string) => string) =>
    ask(shop.source.url, Array.from({length: TABLES}, (_, n) => sql(`extra_${n}`)).join(';'))

  const touchEachTable = (shop: Shop) =>
    onEachTable(shop, (table) => `update ${table} set note = note || '.' where id < 5`)

  it('are as few for many tables as for one: in a sync, in rds:status, and in every step of the window', async () => {
    const shop = await world.sandbox.openShop()
    await onEachTable(
      shop,
      (table) => `
        create table ${table} (id serial primary key, note text);
        insert into ${table} (note) select n from generate_series(1, 20) n`,
    )
    await prepare(shop)

    const synced = await operate(
      shop,
      async (migration) => {
        const world = {...forward(migration), ...(await capturedTables(forward(migration)))}
        await syncLive(world)
        await touchEachTable(shop)
        return syncLive(world)
      },
      CAPTURE,
    )
    expect(synced.tables).to.be.at.least(TABLES)
    expect(synced.waits.databases, 'in a sync').to.be.at.most(IN_SYNC)

    expect((await waitsOfStatus(shop)).databases, 'in rds:status').to.be.at.most(IN_STATUS)

    await touchEachTable(shop)
    const inside = new Set<string>()
    const waits = await operate(
      shop,
      async (migration, steps) => {
        await run(steps, migration)
        const {entries} = await timelineOf(steps, migration.journal)
        return new Map(entries.map(({id, waits}) => [id, waits!.databases]))
      },
      {...CAPTURE, alter: (step) => (step.window === 'inside' && inside.add(step.id), step)},
    )
    expect([...inside].sort()).to.deep.equal(Object.keys(IN_WINDOW).sort())
    for (const [id, most] of Object.entries({...IN_WINDOW, ...BEFORE})) expect(waits.get(id), id).to.be.at.most(most)
  })

  it('are 60 in the whole window at most', () => {
    expect(Object.values(IN_WINDOW).reduce((sum, most) => sum + most, 0)).to.be.at.most(60)
  })

  const waitsOfStatus = (shop: Shop): Promise<Waits> =>
    counted(async (waits) => {
      await statusOfShop(shop)
      return waits()
    })
})
