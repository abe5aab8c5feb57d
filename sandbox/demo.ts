import {parseArgs} from 'node:util'

import {readJournal} from './journal-reader.js'
import type {LedgerAudit} from './ledger.js'
import {describeProfile, isProfileName, PROFILES} from './network/profiles.js'
import {startSandbox, type Sandbox} from './sandbox.js'
import type {Shop} from './shop.js'
import {until} from './until.js'

const {values} = parseArgs({
  options: {
    json: {type: 'boolean', default: false},
    method: {type: 'string', default: 'change-capture'},
    distance: {type: 'string', default: 'near'},
  },
})
const {json, method, distance} = values
if (!['change-capture', 'dump-restore'].includes(method)) throw new Error('--method is change-capture or dump-restore')
if (!isProfileName(distance)) throw new Error(`--distance is one of ${Object.keys(PROFILES).join(', ')}`)
const follows = method === 'change-capture'
const say = (text: string): void => void (json ? process.stderr : process.stdout).write(text)
const title = (text: string): void => say(`\n── ${text}\n\n`)

const sandbox = await startSandbox({distance})
const interrupted = () => void sandbox.stop().then(() => process.exit(1))
process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
try {
  const result = await demonstrate(sandbox)
  say(`\n${result.ok ? 'The demo went well.' : 'THE DEMO FAILED.'}\n`)
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`)
  process.exitCode = result.ok ? 0 : 1
} finally {
  await sandbox.stop()
}

/** A shop moves to RDS while its customers order; a second one turns back at the gate. */
async function demonstrate(world: Sandbox) {
  say(`The commands run at the distance "${distance}": ${describeProfile(world.distance.profile)}\n`)
  title('A shop on Heroku: web, worker and scheduler write all the time, customers order through the router')
  const shop = await openBusyShop(world, 'shop')
  await heroku(shop, ['rds:assess', '-a', shop.name])

  if (follows) {
    title('The database is copied while the shop is open, and the copy is proven equal')
    await prepare(shop)
    await ordersArrive(shop, 30)
    await heroku(shop, ['rds:verify', '-a', shop.name])
    await heroku(shop, ['rds:status', '-a', shop.name])
  }

  title('It moves to RDS')
  const moved = await heroku(shop, cutover(shop, '--gate', 'auto', '--budget', '5m'))
  await ordersArrive(shop, 30)
  await heroku(shop, ['rds:status', '-a', shop.name])
  const onRds = await closed(shop, 'target')
  const journal = await readJournal(shop.target.url)

  title('Another shop goes as far as the gate; there the laptop dies')
  const outlet = await openBusyShop(world, 'outlet')
  if (follows) await prepare(outlet)
  await heroku(outlet, cutover(outlet), 'Go live on RDS?')
  await heroku(outlet, ['rds:status', '-a', outlet.name])
  title('… and it goes back to Heroku Postgres')
  const back = await heroku(outlet, ['rds:rollback', '-a', outlet.name, '--confirm', outlet.name])
  await ordersArrive(outlet, 30)
  if (follows) {
    title('… where the copy can still follow; here it is given up')
    await heroku(outlet, ['rds:start', '-a', outlet.name, '--confirm', outlet.name, '--abandon'])
  }
  const onHeroku = await closed(outlet, 'source')

  title('The hold is over: only the journal of the tool stays behind')
  const finished = await heroku(shop, ['rds:finish', '-a', shop.name, '--confirm', shop.name, '--now'])

  title('What the ledger outside of both databases says')
  say(`${summary('shop, on RDS', onRds)}\n${summary('outlet, back on Heroku', onHeroku)}\n`)
  say(`write pause ${journal.writePauseSeconds.toFixed(1)} s, window ${journal.windowSeconds.toFixed(1)} s\n`)
  const audits = [onRds, onHeroku]
  const figures = {
    method,
    distance,
    acknowledgedWrites: sum(audits, (audit) => audit.acknowledgedWrites),
    lostWrites: sum(audits, (audit) => audit.lostWrites.length),
    doubledWrites: sum(audits, (audit) => audit.doubledWrites.length),
    overlapSeconds: sum(audits, (audit) => audit.overlapSeconds),
    writePauseSeconds: journal.writePauseSeconds,
    windowSeconds: journal.windowSeconds,
    rolledBack: back === 0 && isOnHeroku(outlet),
  }
  const clean =
    figures.lostWrites + figures.doubledWrites + figures.overlapSeconds === 0 &&
    audits.every(({atomicityViolations}) => atomicityViolations.length === 0)
  return {ok: moved === 0 && finished === 0 && clean && figures.rolledBack && !isOnHeroku(shop), ...figures}
}

function prepare(shop: Shop): Promise<number | null> {
  return heroku(shop, ['rds:start', '-a', shop.name, '--confirm', shop.name, '--until-equal'])
}

function cutover(shop: Shop, ...more: string[]): string[] {
  return ['rds:cutover', '-a', shop.name, '--confirm', shop.name, ...(follows ? [] : ['--method', method]), ...more]
}

async function openBusyShop(world: Sandbox, name: string): Promise<Shop> {
  const shop = await world.openShop({name, scale: 1, scheduleSeconds: 2})
  shop.customersCome()
  await ordersArrive(shop, 50)
  return shop
}

/** Runs the stock command with its output shown; killed without warning once it prints `until`. */
async function heroku(shop: Shop, args: string[], dieAt?: string): Promise<number | null> {
  say(`$ heroku ${args.join(' ')}\n`)
  const {code} = await sandbox.cli(args, {
    env: shop.env,
    timeoutMs: 120_000,
    ...(dieAt === undefined ? {} : {input: null}),
    watch(text, kill) {
      say(text)
      if (dieAt !== undefined && text.includes(dieAt)) kill()
    },
  })
  say(dieAt === undefined ? '\n' : '\n(killed)\n\n')
  return code
}

async function ordersArrive(shop: Shop, more: number): Promise<void> {
  const acknowledged = () => shop.ledger().filter(({kind, acked}) => kind === 'order' && acked).length
  const wanted = acknowledged() + more
  await until(`${more} more orders of ${shop.name}`, 30, () => Promise.resolve(acknowledged() >= wanted))
}

/** Ends business, so that nothing is in flight, and audits the books. */
async function closed(shop: Shop, primary: 'source' | 'target'): Promise<LedgerAudit> {
  await shop.customersLeave()
  shop.app.schedule?.pause()
  for (const type of ['web', 'worker']) shop.app.formation.scale(type, 0)
  await until(`the end of ${shop.name}'s dynos`, 30, () => Promise.resolve(shop.app.running.size === 0))
  return shop.audit(primary)
}

function isOnHeroku(shop: Shop): boolean {
  return shop.app.configVars['DATABASE_URL'] === shop.source.url && !shop.app.maintenance
}

function sum(audits: readonly LedgerAudit[], figure: (audit: LedgerAudit) => number): number {
  return audits.reduce((total, audit) => total + figure(audit), 0)
}

function summary(name: string, audit: LedgerAudit): string {
  const {acknowledgedWrites, lostWrites, doubledWrites, overlapSeconds, atomicityViolations} = audit
  return (
    `${name}: ${acknowledgedWrites} acknowledged writes, ${lostWrites.length} lost, ${doubledWrites.length} doubled, ` +
    `both databases written at once for ${overlapSeconds} s, ${atomicityViolations.length} torn transactions`
  )
}
