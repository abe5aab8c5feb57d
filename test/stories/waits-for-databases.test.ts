import {APIClient} from '@heroku-cli/command'
import {Config} from '@oclif/core'
import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {statusOf} from '../../src/lib/actions/status.js'
import {counted} from '../../src/lib/flow/waits.js'
import {withWorld} from '../../src/lib/open/world.js'

import {run} from '../../src/lib/runbook/run.js'
import {timelineOf} from '../../src/lib/runbook/timeline.js'
import {ask} from '../support/servers.js'
import {operate, prepare, useSandbox} from '../support/world.js'

describe('Requests to the databases that wait for one another', function () {
  this.timeout(300_000)
  const world = useSandbox({distance: 'laptop'})

  const onSource = (shop: Shop, sql: string) => ask(shop.source.url, sql || 'select')

  const openShop = async (tables: number): Promise<Shop> => {
    const shop = await world.sandbox.openShop()
    await onSource(
      shop,
      Array.from(
        {length: tables},
        (_, n) =>
          `create table extra_${n} (id serial primary key, note text); insert into extra_${n} (note) select 'x' from generate_series(1, 20)`,
      ).join(';'),
    )
    return shop
  }

  for (const tables of [0, 150]) {
    it(`are few in a window of ${tables} tables more`, async () => {
      const shop = await openShop(tables)
      const preparing = await counted(async (soFar) => (await prepare(shop), soFar()))
      console.log('start', preparing)
      process.env['RDS_DATABASE_URL'] = shop.target.url
      const api = new APIClient(await Config.load(import.meta.dirname))
      const options = {api, dataDir: shop.env['HOME']!, app: shop.name, caFile: shop.env['RDS_CA_FILE']!, reading: true}
      const status = await shop.distance.cross(() =>
        counted(async (waits) => {
          await withWorld(options, statusOf)
          return waits()
        }),
      )
      console.log('status', status)
      await onSource(
        shop,
        Array.from({length: tables}, (_, n) => `update extra_${n} set note = 'y' where id < 5`).join(';'),
      )
      const inside = new Set<string>()
      const waits = await operate(
        shop,
        async (migration, steps) => {
          await run(steps, migration)
          const {entries, windowSeconds, writePauseSeconds} = await timelineOf(steps, migration.journal)
          console.log({windowSeconds, writePauseSeconds})
          return new Map(entries.map((e) => [e.id, {...e.waits!, s: e.seconds}]))
        },
        {method: 'change-capture', alter: (step) => (step.window === 'inside' && inside.add(step.id), step)},
      )
      let sum = 0
      for (const [id, w] of waits) {
        if (inside.has(id)) sum += w.databases
        console.log(inside.has(id) ? '*' : ' ', id.padEnd(24), w.databases, w.heroku, w.all, w.s)
      }
      console.log('window', sum)
      expect(sum).to.be.at.most(48)
    })
  }
})
