import {expect} from 'chai'

import type {App} from '../../sandbox/heroku/index.js'
import type {Shop} from '../../sandbox/shop.js'
import {until} from '../../sandbox/until.js'

/** Everything a rollback has to bring back; identifiers of attachments may differ. */
export interface AppState {
  maintenance: boolean
  preboot: boolean
  formation: Record<string, number>
  configVars: Record<string, string>
  attachments: string[]
}

export const stateOf = (app: App): AppState => ({
  maintenance: app.maintenance,
  preboot: app.preboot,
  formation: {...app.quantities},
  configVars: app.configVars,
  attachments: app.attachments.map(({name, namespace, addon}) => `${name} ${namespace} ${addon.name}`).sort(),
})

/** Ends business, so that nothing is in flight, and expects the books of the primary to be clean. */
export async function expectCleanLedger(shop: Shop, primary: 'source' | 'target'): Promise<void> {
  await shop.customersLeave()
  shop.app.schedule?.pause()
  for (const type of Object.keys(shop.app.quantities)) shop.app.formation.scale(type, 0)
  await until('the end of the dynos', 30, () => Promise.resolve(shop.app.running.size === 0))
  const audit = await shop.audit(primary)
  expect(audit.lostWrites, 'acknowledged writes that are missing').to.deep.equal([])
  expect(audit.doubledWrites, 'writes that are there twice').to.deep.equal([])
  expect(audit.overlapSeconds, 'seconds in which both databases took writes').to.equal(0)
  expect(audit.atomicityViolations, 'torn transactions').to.deep.equal([])
  expect(audit.acknowledgedWrites, 'acknowledged writes').to.be.greaterThan(0)
}

/** Waits until the shop has acknowledged more writes than now. */
export async function expectBusiness(shop: Shop, more = 10): Promise<void> {
  const wanted = shop.ledger().filter(({acked}) => acked).length + more
  await until(`${more} more acknowledged writes`, 30, () =>
    Promise.resolve(shop.ledger().filter(({acked}) => acked).length >= wanted),
  )
}

/** Proves by trying that a database refuses, or takes, an ordinary write of the app's role. */
export async function expectNeverBothOpen(shop: Shop): Promise<void> {
  const [source, target] = [await takesWrites(shop.source.url), await takesWrites(shop.target.url)]
  expect(source && target, 'both databases take writes').to.equal(false)
}

async function takesWrites(url: string): Promise<boolean> {
  const {default: pg} = await import('pg')
  const client = new pg.Client({
    connectionString: url,
    ...(url.includes('sslmode') ? {} : {ssl: {rejectUnauthorized: false}}),
    options: '-c default_transaction_read_only=off',
  })
  await client.connect()
  try {
    await client.query('begin')
    await client.query('update public.products set stock = stock where id = (select min(id) from public.products)')
    return true
  } catch (error) {
    // 25006 is the fence; 42P01 means the schema is not there yet, so nobody can write to it.
    if (['25006', '42P01'].includes((error as {code: string}).code)) return false
    throw error
  } finally {
    await client.end()
  }
}
