import {expect} from 'chai'

import {until} from '../../sandbox/until.js'
import {expectBusiness, expectCleanLedger, expectNeverBothOpen} from '../support/app-state.js'
import {BUSY, cutOver, useSandbox} from '../support/world.js'
import {type OpenTransaction, openTransaction, startOutsideWriter} from '../support/writers.js'
import {after, before, both, failureOf, fenceOf} from './support.js'

/** What a client may meet once the source is frozen: the fence, or the end of its connection. */
const REFUSED = /^(25006|57P01|ECONNRESET|EPIPE|Connection terminated.*)$/

describe('Writers that ignore maintenance', () => {
  const world = useSandbox(BUSY)
  let outside: ReturnType<typeof startOutsideWriter> | undefined

  afterEach(() => outside?.stop())

  it('all write during one cutover: nothing they were acknowledged is lost, nothing they try later gets in', async () => {
    const {source, target, heroku} = world.sandbox
    const shop = await world.sandbox.openShop({credentials: ['analytics', 'etl'], scheduleSeconds: 1})
    const guest = shop.attachApp(`${shop.name}-office`, {clock: 'node worker.mjs'}, {clock: 1})
    await guest.settle()
    shop.customersCome()
    const stubborn = 'trap : TERM; while :; do node worker.mjs; done'
    const oneOff = shop.app.oneOff({type: 'run', command: stubborn})
    outside = startOutsideWriter(shop, shop.source.url)
    const acknowledged = (process: string, database: string) =>
      shop.ledger().filter((entry) => entry.process === process && entry.database?.endsWith(`/${database}`)).length
    await expectBusiness(shop, 30)
    await until('writes of the one-off dyno, the other app and the outside client', 10, () =>
      Promise.resolve(
        ['clock.1', oneOff.spec.name, 'outside'].every((process) => acknowledged(process, shop.source.database) > 0),
      ),
    )

    const {analytics, etl} = shop.source.credentials
    let early: OpenTransaction | undefined
    let late: OpenTransaction | undefined
    const beginTransactions = async () => {
      early = await openTransaction(shop, analytics!.url, 'analytics')
      late = await openTransaction(shop, etl!.url, 'etl')
    }
    let committed: Promise<void> | undefined
    let lateFailure: Promise<Error> | undefined
    let frozenAt = 0
    const commitEarly = async () => {
      await until('the fence', 10, async () => (await fenceOf(source, shop.source.database)) === 'raised')
      await early!.commit()
    }
    await cutOver(shop, {
      alter: both(
        before('stop-writers', beginTransactions),
        before('freeze-source', () => void (committed = commitEarly())),
        after('freeze-source', () => {
          frozenAt = Date.now()
          lateFailure = failureOf(late!.commit())
        }),
      ),
      decide: async () => (await expectNeverBothOpen(shop), true),
      settings: {gate: 'ask'},
    })
    await committed
    expect((await lateFailure)?.message).to.match(/terminat|connection|not queryable/i)
    for (const [database, wanted] of [
      [shop.source.database, 0],
      [shop.target.database, 0],
    ] as const) {
      const server = database === shop.source.database ? source : target
      const rows = await server.superuser(database, 'select from public.events where ref = $1', [late!.ref])
      expect(rows, `the transaction that came too late, in ${database}`).to.have.length(wanted)
    }

    await expectBusiness(shop)
    await until('the other app and a Scheduler job to write to RDS', 20, () =>
      Promise.resolve(
        acknowledged('clock.1', shop.target.database) > 0 &&
          shop.ledger().some(({kind, database}) => kind === 'nightly' && database?.endsWith(shop.target.database)),
      ),
    )
    await outside.stop()
    const tries = outside.attempts.filter(({begun}) => begun >= frozenAt)
    expect(tries.filter(({refusal}) => refusal === '25006').length, 'refusals by the fence').to.be.greaterThan(20)
    expect(tries.filter(({refusal}) => !REFUSED.test(refusal ?? 'acknowledged'))).to.deep.equal([])
    expect(outside.attempts.filter(({refusal}) => refusal === undefined).length).to.be.greaterThan(0)

    const happened = (app: string, kind: string) =>
      heroku.events.filter((event) => event.app === app && event.kind === kind)
    for (const {name} of [shop.app, guest]) {
      expect(happened(name, 'maintenance-on'), name).to.have.length(1)
      expect(happened(name, 'maintenance-off'), name).to.have.length(1)
    }
    const [{at: on}, {at: off}] = [
      happened(shop.name, 'maintenance-on')[0]!,
      happened(shop.name, 'maintenance-off')[0]!,
    ]
    const jobs = happened(shop.name, 'dyno-starting').filter(
      ({at, detail}) => detail.type === 'scheduler' && at > on && at < off,
    )
    expect(jobs.length, 'Scheduler jobs that started inside the window').to.be.greaterThan(0)
    expect(guest.configVars['DATABASE_URL']).to.contain(shop.target.role)

    guest.formation.scale('clock', 0)
    await until('the end of the other app', 10, () => Promise.resolve(guest.running.size === 0))
    await expectCleanLedger(shop, 'target')
    const [row] = await target.superuser<{count: number}>(
      shop.target.database,
      'select count(*)::int as count from public.events where ref = $1',
      [early!.ref],
    )
    expect(row!.count, 'the transaction that committed in its grace, on the target').to.equal(1)
  })
})
