import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {counted} from '../../src/lib/flow/waits.js'
import type {GateEvidence} from '../../src/lib/ports/ports.js'
import {run} from '../../src/lib/runbook/run.js'
import type {Step} from '../../src/lib/runbook/step.js'
import {timelineOf} from '../../src/lib/runbook/timeline.js'
import {statusOfShop} from '../support/status.js'
import {cutOver, type Operating, operate, prepare, useSandbox} from '../support/world.js'

/** Requests side by side overlap for certain. */
const LATENCY_MS = 100

/** Requests that wait for one another, by step; every other step of the window asks Heroku nothing. */
const IN_WINDOW: Record<string, number> = {
  'enter-maintenance': 1,
  'stop-writers': 2,
  'switch-apps': 3,
  gate: 1,
  open: 3,
}
const WRITE_PAUSE = [
  'freeze-source',
  'drain',
  'reconcile',
  'verify',
  'arm-way-back',
  'switch-apps',
  'smoke-test',
  'gate',
]
const IN_PREFLIGHT = 12

describe('Requests to Heroku that wait for one another', () => {
  const world = useSandbox({heroku: {latencyMs: LATENCY_MS}})

  const openShop = async (guests: number): Promise<Shop> => {
    const shop = await world.sandbox.openShop({formation: {web: 1, worker: 1}})
    for (let n = 1; n <= guests; n++) {
      const guest = shop.attachApp(`${shop.name}-guest-${n}`, {worker: 'node worker.mjs'}, {worker: 1})
      await guest.settle()
    }
    return shop
  }

  /** By step. */
  const waitsOf = (shop: Shop, operating: Operating = {}): Promise<Map<string, number>> =>
    operate(
      shop,
      async (migration, steps) => {
        await run(steps, migration)
        const {entries} = await timelineOf(steps, migration.journal)
        return new Map(entries.map(({id, waits}) => [id, waits!.heroku]))
      },
      {method: 'change-capture', ...operating},
    )

  for (const guests of [0, 1]) {
    it(`are few in a window of ${guests + 1} ${guests === 0 ? 'app' : 'apps, side by side'}`, async () => {
      const shop = await openShop(guests)
      await prepare(shop)
      let inside: string[] = []
      const waits = await waitsOf(shop, {
        alter: (step) => ((inside = step.window === 'inside' ? [...inside, step.id] : inside), step),
      })
      expect(inside).to.include.members(Object.keys(IN_WINDOW))
      // Each app leaves maintenance when its own dynos are up, which may be after another one has left it.
      const allowed = (id: string) => (IN_WINDOW[id] ?? 0) + (id === 'open' ? guests : 0)
      for (const id of inside) expect(waits.get(id), id).to.be.at.most(allowed(id))
      const sum = (ids: readonly string[]) => ids.reduce((all, id) => all + waits.get(id)!, 0)
      expect(sum(inside), 'in the window').to.be.at.most(10 + guests)
      expect(sum(WRITE_PAUSE), 'in the write pause').to.be.at.most(4)
      expect(waits.get('preflight'), 'in the preflight').to.be.at.most(IN_PREFLIGHT)
    })
  }

  it('are made by the gate for what it shows: the release on which the app will start', async () => {
    const {heroku} = world.sandbox
    const shop = await openShop(0)
    const asked: string[][] = []
    const looking = (step: Step): Step =>
      step.id === 'gate'
        ? {
            ...step,
            async run(migration) {
              const first = heroku.calls.length
              const evidence = await step.run(migration)
              asked.push(heroku.calls.slice(first).map(({method, path}) => `${method} ${path}`))
              return evidence
            },
          }
        : step
    let shown: GateEvidence | undefined
    await cutOver(shop, {
      settings: {gate: 'ask'},
      alter: looking,
      decide: (evidence) => ((shown = evidence), Promise.resolve(true)),
    })
    const {version} = shop.app.releases.all.at(-1)!
    const once = [`GET /apps/${shop.name}/releases`, `GET /apps/${shop.name}/releases/${version}/config-vars`]
    expect(asked).to.deep.equal([[...once, ...once]])
    expect(shown!.proofs.find(({subject}) => subject === 'Switch')!.proof).to.match(
      new RegExp(`^${shop.name}: release v${version} leads DATABASE_URL to \\S+; checked just now$`),
    )
  })

  it('are one for rds:status', async () => {
    const shop = await openShop(0)
    const {heroku} = await counted(async (waits) => {
      await statusOfShop(shop)
      return waits()
    })
    expect(heroku).to.equal(1)
  })
})
