import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {defaultFollowing, METHODS} from '../../src/lib/methods/index.js'
import {runbookFor} from '../../src/lib/playbook.js'
import {abandon} from '../../src/lib/actions/abandon.js'
import {finishMigration} from '../../src/lib/actions/finish.js'
import {expectBusiness, expectCleanLedger, expectNeverBothOpen, stateOf} from '../support/app-state.js'
import {cutOverAndDie} from '../support/die.js'
import {ask} from '../support/servers.js'
import {statusOfShop} from '../support/status.js'
import {cutOver, operate, prepare, rollBack, useSandbox} from '../support/world.js'
import {bearsTraces, before as beforeStep, failureOf, primaryOf} from '../stories/support.js'

const CAPTURE = {method: 'change-capture'} as const

/** One of each kind of moment; `EVERY_STEP=1` tries all, with every method. */
const SOME = ['copy-rows', 'verify-live', 'stop-writers', 'attach-constraints', 'switch-apps', 'open']

describe('A killed run, and whoever does what rds:status says, or gives it up', () => {
  const world = useSandbox({sourceReplication: true})
  const every = process.env['EVERY_STEP'] !== undefined

  it('what a run has left after the gate is told by rds:status, and done by rds:finish', async () => {
    const shop = await world.sandbox.openShop({formation: {}})
    const fails = () => Promise.reject(new Error('the end'))
    const failure = await failureOf(cutOver(shop, {...CAPTURE, alter: beforeStep('validate-constraints', fails)}))
    expect(failure.code, failure.message).to.equal('stopped_after_gate')
    const {next} = await statusOfShop(shop)
    expect(next).to.match(/^heroku rds:cutover -a \S+ goes on with what is left: validate foreign keys and checks/)
    const unvalidated = `select count(*)::int as left from pg_constraint where contype = 'f' and not convalidated`
    expect(await ask(shop.target.url, unvalidated)).not.to.deep.equal([{left: 0}])
    await operate(shop, (migration) => finishMigration(migration, {now: true}))
    expect(await ask(shop.target.url, unvalidated)).to.deep.equal([{left: 0}])
  })

  for (const method of METHODS.filter(({available, id}) => available && (every || id === defaultFollowing.id))) {
    const {id} = method
    const commands: Record<string, (shop: Shop) => Promise<unknown>> = {
      'rds:cutover': (shop) => cutOver(shop, {method: id}),
      'rds:rollback': (shop) => rollBack(shop),
      'rds:start': (shop) => prepare(shop, {method: id}),
    }
    for (const step of runbookFor(method).filter((one) => every || SOME.includes(one.id))) {
      it(`${method.title}, killed after ${step.id}: each next command leads on, and the app is live in the end`, async () => {
        const shop = await world.sandbox.openShop({formation: {web: 1}})
        shop.customersCome()
        await expectBusiness(shop)
        await cutOverAndDie(shop, {method: id, after: step.id})
        for (let commandsRun = 0; ; commandsRun++) {
          const {next, phase, contradictions} = await statusOfShop(shop)
          expect(contradictions).to.deep.equal([])
          const [, command = next] = /heroku (rds:\S+)/.exec(next) ?? []
          if (phase === 'live' && command === 'rds:finish') break
          expect(commandsRun, 'commands').to.be.below(4)
          await commands[command]!(shop)
          await expectNeverBothOpen(shop)
        }
        expect(primaryOf(shop)).to.equal('target')
        expect(shop.app.maintenance).to.equal(false)
        await expectBusiness(shop)
        await expectCleanLedger(shop, 'target')
      })

      it(`${method.title}, killed after ${step.id}: it is given up, in its window after a rollback, and nothing is left`, async () => {
        const shop = await world.sandbox.openShop({formation: {web: 1}})
        const asBefore = stateOf(shop.app)
        await cutOverAndDie(shop, {method: id, after: step.id})
        const giveUp = () => operate(shop, abandon)
        if (step.window !== 'before') {
          const failure = await failureOf(giveUp())
          expect(failure.code).to.equal('in_window')
          expect(failure.suggestions.join()).to.include('heroku rds:rollback')
          await rollBack(shop)
        }
        await giveUp()
        expect(stateOf(shop.app)).to.deep.equal(asBefore)
        expect(await bearsTraces(world.sandbox.source, shop.source.database)).to.equal(false)
      })
    }
  }
})
