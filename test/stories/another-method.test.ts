import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {failureOf, primaryOf} from './support.js'
import {expectBusiness, expectCleanLedger} from '../support/app-state.js'
import {cutOver, operate, prepare, useSandbox} from '../support/world.js'
import {prepareToFollow} from '../../src/lib/actions/prepare.js'
import {statusOf} from '../../src/lib/actions/status.js'
import {verifyNow} from '../../src/lib/actions/verify.js'
import {dumpRestore} from '../../src/lib/methods/dump-restore.js'
import {METHODS} from '../../src/lib/methods/index.js'
import type {Method} from '../../src/lib/methods/method.js'
import {statusReport} from '../../src/lib/output/report.js'
import type {Step} from '../../src/lib/runbook/step.js'
import {forward} from '../../src/lib/runbook/migration.js'

const releaseBirds: Step = {
  id: 'release-birds',
  title: 'Release the birds',
  window: 'before',
  undo: 'nothing',
  done: async ({journal}) =>
    (await journal.records()).some(({step, finishedAt}) => step === 'release-birds' && finishedAt),
  run: () => Promise.resolve('two birds are in the air'),
}

const NOBODY_ASKED = {query: 'select null::json'}

/** Follows without bringing anything: its whole copy is made in the window. */
const carrierPigeon: Method = {
  ...dumpRestore,
  id: 'carrier-pigeon',
  title: 'Carrier pigeon',
  needs: ['subscription'],
  before: [releaseBirds],
  follow: {
    makes: 'A dovecote is put up beside the database',
    begins: releaseBirds,
    keepInStep: () => Promise.resolve(),
    catchUp: () => Promise.resolve(),
    lag: {from: NOBODY_ASKED, to: NOBODY_ASKED, told: () => ({words: 'two birds in the air'})},
  },
}

describe('A method that is only in the list of methods', () => {
  const world = useSandbox()
  const METHOD = {method: carrierPigeon.id}
  let shop: Shop

  before('add its line', () => (METHODS as Method[]).push(carrierPigeon))
  after('take it away', () => (METHODS as Method[]).pop())

  it('is assessed, by what it needs and by its own terms', async () => {
    shop = await world.sandbox.openShop()
    shop.customersCome()
    await expectBusiness(shop)
    const {eligibility, findings} = await operate(shop, (migration) => migration.assess(), METHOD)
    const {possible, because, window} = eligibility.find(({method}) => method === carrierPigeon.id)!
    expect({possible, because}).to.deep.equal({possible: false, because: ['target-may-subscribe']})
    expect(findings.find(({check}) => check === 'target-may-subscribe')!.methods).to.include(carrierPigeon.id)
    expect(window.terms.map(({step}) => step)).to.include('copy-rows')
  })

  it('is offered by the commands, where it can do what they do', async () => {
    const [{default: Start}, {default: Cutover}] = [
      await import('../../src/commands/rds/start.js'),
      await import('../../src/commands/rds/cutover.js'),
    ]
    for (const {flags} of [Start, Cutover]) expect(flags.method.options).to.include(carrierPigeon.id)
  })

  it('begins, follows with words of its own, cuts over, and is live', async () => {
    Object.assign(carrierPigeon, {needs: []})
    const shop = await world.sandbox.openShop()
    shop.customersCome()
    await expectBusiness(shop)
    await prepare(shop, METHOD)
    await operate(
      shop,
      async (migration) => {
        const follow = await prepareToFollow(migration, {refreshSchema: false})
        await follow.keepInStep(migration, {pauseMs: 0, rest: 0})
        expect((await failureOf(prepareToFollow(migration, {refreshSchema: true}))).code).to.equal(
          'cannot_refresh_schema',
        )
        expect((await failureOf(verifyNow(forward(migration)))).code).to.equal('verified_in_the_window')
        const status = await statusOf({...migration, record: {method: migration.method.id}})
        expect(status).to.include({phase: 'following', method: carrierPigeon.id})
        expect(statusReport(status).join('\n')).to.contain('two birds in the air')
      },
      METHOD,
    )
    await cutOver(shop, METHOD)
    expect(primaryOf(shop)).to.equal('target')
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })
})
