import {readJournal} from '../../sandbox/journal-reader.js'
import type {ProfileName} from '../../sandbox/network/profiles.js'
import {startSandbox, type Sandbox} from '../../sandbox/sandbox.js'
import type {Shop} from '../../sandbox/shop.js'
import {until} from '../../sandbox/until.js'
import {withCleanup} from '../cleanup.js'
import {findTool} from '../client-tools.js'
import {durabilityOf} from '../durability.js'
import {initTpcb} from '../pgbench.js'
import {ask, SOURCE_SETTINGS, TARGET_SETTINGS} from '../stage.js'
import {addBallast} from './ballast.js'
import {auditTpcb, type Load, type LoadSeen, startLoad} from './load.js'

export interface Cutover {
  gigabytes: number
  writePauseSeconds: number
  windowSeconds: number
  /** From the moment the target takes writes until the app is out of maintenance: the dynos boot. */
  bootSeconds: number
  steps: Record<string, number>
  acknowledgedWrites: number
  /** Of all capture logs on the source when the window was over, emptied or not. */
  logMegabytes: number
  load?: LoadSeen
  durability: string
}

export interface HowToMove {
  gigabytes: number
  /** Of TPC-B, in transactions a second, and its scale; none without pgbench. */
  rate: number
  scale: number
  /** Of the commands; the app and its load stay near. */
  distance: ProfileName
  /** Sees what the commands print. */
  watch: (text: string) => void
}

const HOURS_MS = 3 * 3600 * 1000

/** Opens a shop of the given size, moves it to RDS while it is written to, and audits it. */
export async function moveShop({gigabytes, rate, scale, distance, watch}: HowToMove): Promise<Cutover> {
  return withCleanup(async (later) => {
    const sandbox = await startSandbox({distance})
    later(() => sandbox.stop())
    await likeRealServers(sandbox)
    const shop = await sandbox.openShop({name: 'shop', scale: 1, scheduleSeconds: 5})
    const superuserUrl = sandbox.source.superuserUrl(shop.source.database)
    await addBallast(shop.source.url, gigabytes)
    const load = await addLoad(shop, {rate, scale})
    if (load) later(() => load.stop().catch(() => undefined))
    const [size] = await ask<{bytes: string}>(superuserUrl, 'select pg_database_size(current_database()) as bytes')
    shop.customersCome()
    await ordersArrive(shop, 20)

    const heroku = async (...args: string[]) => {
      const {code, stderr} = await sandbox.cli([...args, '-a', shop.name, '--confirm', shop.name], {
        env: shop.env,
        timeoutMs: HOURS_MS,
        watch,
      })
      if (code !== 0) throw new Error(`heroku ${args.join(' ')} ended with ${code}: ${stderr.slice(-2000)}`)
    }
    await heroku('rds:start', '--until-equal')
    await ordersArrive(shop, 20)
    await heroku('rds:cutover', '--gate', 'auto')
    await ordersArrive(shop, 20)

    const [logs] = await ask<{bytes: string}>(
      superuserUrl,
      `select coalesce(sum(pg_total_relation_size(oid)), 0) as bytes from pg_class where relnamespace = 'heroku_rds'::regnamespace and relname ~ '^log_'`,
    )
    const seen = await load?.stop()
    if (seen) await auditTpcb(superuserUrl, sandbox.target.superuserUrl(shop.target.database), seen)
    const acknowledgedWrites = await auditShop(shop)
    return {
      gigabytes: Number(size!.bytes) / 1e9,
      acknowledgedWrites,
      logMegabytes: Number(logs!.bytes) / 1e6,
      ...(seen ? {load: seen} : {}),
      durability: await durabilityOf([sandbox.source, sandbox.target]),
      ...(await timesOf(shop, sandbox)),
    }
  })
}

/** Memory of servers that hold gigabytes, and commits that wait for the disk. */
async function likeRealServers({source, target}: Sandbox): Promise<void> {
  await Promise.all([source.configure(SOURCE_SETTINGS), target.configure(TARGET_SETTINGS)])
  await Promise.all([source.restart(), target.restart()])
}

async function addLoad({source}: Shop, {rate, scale}: {rate: number; scale: number}): Promise<Load | undefined> {
  if (rate === 0 || !findTool('pgbench')) return undefined
  await initTpcb(source.url, scale)
  return startLoad(source.url, rate)
}

async function ordersArrive(shop: Shop, more: number): Promise<void> {
  const acknowledged = () => shop.ledger().filter(({kind, acked}) => kind === 'order' && acked).length
  const wanted = acknowledged() + more
  await until(`${more} more orders`, 120, () => Promise.resolve(acknowledged() >= wanted))
}

/** Ends business, so that nothing is in flight, and audits the books. Returns how many writes the ledger knows. */
async function auditShop(shop: Shop): Promise<number> {
  await shop.customersLeave()
  shop.app.schedule?.pause()
  for (const type of ['web', 'worker']) shop.app.formation.scale(type, 0)
  await until('the end of the dynos', 60, () => Promise.resolve(shop.app.running.size === 0))
  const {acknowledgedWrites, lostWrites, doubledWrites, overlapSeconds, atomicityViolations} =
    await shop.audit('target')
  if (lostWrites.length + doubledWrites.length + atomicityViolations.length + overlapSeconds > 0)
    throw new Error(
      `${lostWrites.length} writes lost, ${doubledWrites.length} doubled, ${atomicityViolations.length} torn, both databases written at once for ${overlapSeconds} s`,
    )
  return acknowledgedWrites
}

/** From the journal alone. */
async function timesOf(shop: Shop, {target}: Sandbox) {
  const {writePauseSeconds, windowSeconds, steps} = await readJournal(shop.target.url)
  const [boot] = await ask<{seconds: number}>(
    target.superuserUrl(shop.target.database),
    `select extract(epoch from steps.finished_at - (notes.value ->> 'at')::timestamptz)::float8 as seconds
     from heroku_rds.steps join heroku_rds.notes using (attempt) where step = 'open' and key = 'opened' order by attempt desc limit 1`,
  )
  return {
    writePauseSeconds,
    windowSeconds,
    bootSeconds: boot!.seconds,
    steps: Object.fromEntries(steps.flatMap(({step, seconds}) => (seconds === null ? [] : [[step, seconds]]))),
  }
}
