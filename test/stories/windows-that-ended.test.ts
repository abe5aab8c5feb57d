import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOverAndDie, rollBackAndDie} from '../support/die.js'
import {ask} from '../support/servers.js'
import {rememberState} from '../support/earlier-state.js'
import {statusOfShop} from '../support/status.js'
import {cutOver, operate, prepare, rollBack, useSandbox} from '../support/world.js'
import {before, failureOf, primaryOf} from './support.js'

const CAPTURE = {method: 'change-capture'} as const

/** Triggers note each row of these: a copy with triggers at work would have more notes. The shop has such a trigger itself. */
const SCHEMA = `
  create table things (id serial primary key);
  create table notes (id serial primary key, thing int);
  create function note_thing() returns trigger language plpgsql as 'begin insert into notes (thing) values (new.id); return new; end';
  create trigger note after insert on things for each row execute function note_thing();
  insert into things default values`
const NOTED = `
  select (select count(*) from order_lines) + (select count(*) from things) as rows,
    (select count(*) from stock_movements where order_line_id is not null) + (select count(*) from notes) as noted`

describe('A window that the world has ended', () => {
  const world = useSandbox()

  const openShop = async (): Promise<Shop> => {
    const shop = await world.sandbox.openShop({formation: {web: 1, worker: 1}})
    await ask(shop.source.url, SCHEMA)
    shop.customersCome()
    await expectBusiness(shop)
    return shop
  }

  /** The next window begins with the preflight, brings what was written in between, and keeps what the team changed. */
  const expectAnotherWindow = async (shop: Shop): Promise<void> => {
    await expectBusiness(shop)
    const asBefore = stateOf(shop.app)
    const seen: string[] = []
    await cutOver(shop, {...CAPTURE, alter: before('preflight', () => void seen.push('preflight'))})
    expect(seen).to.deep.equal(['preflight'])
    expect(primaryOf(shop)).to.equal('target')
    const {formation, maintenance} = stateOf(shop.app)
    expect({formation, maintenance}).to.deep.equal({
      formation: asBefore.formation,
      maintenance: asBefore.maintenance,
    })
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
    const [{rows, noted}] = (await ask(shop.target.url, NOTED)) as [{rows: string; noted: string}]
    expect(noted, 'what the triggers noted').to.equal(rows)
  }

  it('when the target died at the gate: what was undone without it is in the journal when it is back', async () => {
    const {target} = world.sandbox
    const shop = await openShop()
    const dying = {...CAPTURE, alter: before('gate', () => target.halt({immediate: true}))}
    try {
      await failureOf(cutOver(shop, dying))
      shop.app.formation.scale('worker', 2)
      await expectBusiness(shop)
    } finally {
      await target.resume()
    }
    const status = await statusOfShop(shop)
    expect(status.phase).to.equal('following')
    expect(status.contradictions).to.deep.equal([])
    await expectAnotherWindow(shop)
  })

  it('when rds:rollback was killed between the end of maintenance and its entry in the journal', async () => {
    const shop = await openShop()
    await cutOverAndDie(shop, {...CAPTURE, after: 'gate'})
    await rollBackAndDie(shop, {...CAPTURE, undoing: 'enter-maintenance'})
    shop.app.formation.scale('worker', 2)
    const {phase, contradictions, next} = await statusOfShop(shop)
    expect(phase).to.equal('window')
    expect(contradictions.join()).to.include('the undoing of the window had begun')
    expect(next).to.match(/^heroku rds:cutover -a \S+ undoes what that window left and begins a new one/)
    await expectAnotherWindow(shop)
  })

  it('when somebody has turned maintenance off: the app gets its dynos, and the source its writes, before the next', async () => {
    const shop = await openShop()
    await cutOverAndDie(shop, {...CAPTURE, after: 'drain'})
    shop.app.setMaintenance(false)
    const {contradictions} = await statusOfShop(shop)
    expect(contradictions.join()).to.include(`${shop.name} is out of maintenance`)
    const seen: object[] = []
    await cutOver(shop, {...CAPTURE, alter: before('preflight', () => void seen.push(stateOf(shop.app).formation))})
    expect(seen).to.deep.equal([{web: 1, worker: 1}])
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('when the source takes writes again: none is brought while triggers act on the target', async () => {
    const shop = await openShop()
    await cutOverAndDie(shop, {...CAPTURE, after: 'attach-constraints'})
    const thawed = async () => {
      await world.sandbox.source.superuser(
        shop.source.database,
        `create or replace function heroku_rds.fence() returns trigger language plpgsql as 'begin return null; end'`,
      )
      await ask(
        shop.source.url,
        'set transaction read write; insert into things default values; insert into things default values',
      )
    }
    await thawed()
    const {contradictions} = await statusOfShop(shop)
    expect(contradictions.join()).to.include('the source takes writes')
    const failure = await failureOf(
      operate(shop, (migration) => migration.method.drain[0]!.run(migration).then(() => undefined), CAPTURE),
    )
    expect(failure.code, failure.message).to.equal('attached_too_early')
    await rollBack(shop)
    expect((await statusOfShop(shop)).contradictions).to.deep.equal([])
    await expectAnotherWindow(shop)
  })

  for (const {method, what, after} of [
    {method: 'change-capture', what: 'frozen', after: 'verify'},
    {method: 'change-capture', what: 'closed', after: 'enter-maintenance'},
    {method: 'dump-restore', what: 'switched', after: 'switch-apps'},
  ] as const) {
    it(`by ${method}, when the app was ${what} and the target was restored to a moment before: it is found, undone, and begun anew`, async () => {
      const {target} = world.sandbox
      const shop = await openShop()
      const asBefore = stateOf(shop.app)
      if (method === 'change-capture') await prepare(shop)
      const restore = await rememberState(target)
      await cutOverAndDie(shop, {method, after})
      await restore()
      const {phase, contradictions, next} = await statusOfShop(shop)
      expect(phase).to.be.oneOf(['following', 'not started'])
      expect(contradictions.join()).to.include('was restored to an earlier state')
      expect(next).to.include('rds:rollback')
      await rollBack(shop, {method})
      expect(stateOf(shop.app)).to.deep.equal(asBefore)
      expect((await statusOfShop(shop)).contradictions).to.deep.equal([])
      await expectBusiness(shop)
      await expectCleanLedger(shop, 'source')
    })
  }

  it('is not at rest: nothing is compared', async () => {
    const shop = await openShop()
    await cutOverAndDie(shop, {...CAPTURE, after: 'enter-maintenance'})
    const verified = await world.sandbox.cli(['rds:verify', '-a', shop.name], {env: shop.env})
    expect(verified.code).to.equal(3)
    expect(verified.stderr).to.include('neither side is at rest')
    await rollBack(shop)
    await prepare(shop)
  })
})
