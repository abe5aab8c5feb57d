import {expect} from 'chai'
import pg from 'pg'

import type {Shop} from '../../sandbox/shop.js'
import {METHODS} from '../../src/lib/methods/index.js'
import {runbookFor} from '../../src/lib/playbook.js'
import {run} from '../../src/lib/runbook/run.js'
import {type AppState, expectCleanLedger, stateOf} from '../support/app-state.js'
import {triedWith} from '../support/steps.js'
import {cutOver, operate, useSandbox} from '../support/world.js'

describe('Every step of one migration can be run, run again, undone and run', () => {
  const world = useSandbox({sourceReplication: true})

  for (const method of METHODS.filter(({available}) => available)) {
    describe(method.title, () => {
      let shop: Shop
      let state: AppState
      before('open a shop', async () => {
        shop = await world.sandbox.openShop({formation: {web: 1, worker: 0}})
        shop.customersCome()
        state = stateOf(shop.app)
      })
      after(() => shop.close())

      for (const step of runbookFor(method).filter(triedWith(method))) {
        it(step.id, async () => {
          // Nobody may write once the app is open, or undoing would rightly refuse.
          if (step.pointOfNoCheapReturn) await shop.customersLeave()
          await operate(
            shop,
            async (migration, steps) => {
              const upTo = steps.slice(0, steps.findIndex(({id}) => id === step.id) + 1)
              await run(upTo, migration)

              await step.run(migration)
              if (typeof step.undo === 'function') {
                await step.undo(migration)
                expect(await step.done(migration), 'done after it was undone').to.equal(false)
                expect(await defaultOfSource(shop), 'read-only default of the source').to.equal(
                  upTo.some(({id}) => id === 'freeze-source') && step.id !== 'freeze-source' ? 'on' : 'off',
                )
                await step.run(migration)
              }
              if (step.id !== 'preflight') expect(await step.done(migration), 'done').to.equal(isFoundDone(step.id))
            },
            {method: method.id},
          )
        })
      }

      it('ends as any other', async () => {
        await cutOver(shop, {method: method.id})
        expect(stateOf(shop.app).formation).to.deep.equal(state.formation)
        expect(shop.app.maintenance).to.equal(false)
        await expectCleanLedger(shop, 'target')
      })
    })
  }
})

/** What a session gets that connects now. */
async function defaultOfSource(shop: Shop): Promise<unknown> {
  const client = new pg.Client({connectionString: shop.source.url, ssl: {rejectUnauthorized: false}})
  await client.connect()
  const {rows} = await client.query<Record<string, unknown>>('show default_transaction_read_only')
  await client.end()
  return rows[0]?.['default_transaction_read_only']
}

/** Proofs are never taken from an earlier run; everything else is found done. */
const isFoundDone = (id: string): boolean =>
  ![
    'arm-way-back',
    'attach-constraints',
    'catch-up',
    'drain',
    'gate',
    'reconcile',
    'smoke-test',
    'validate-constraints',
    'verify',
  ].includes(id)
