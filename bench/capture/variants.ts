import {setTimeout as delay} from 'node:timers/promises'

import {createFence, fenceTables} from '../../src/lib/fence/fence.js'
import {installCapture} from '../../src/lib/capture/install.js'
import {findTool, libpq, type Running, startTool} from '../client-tools.js'
import type {Later} from '../cleanup.js'
import {clock, never} from '../migration.js'
import {initTpcb} from '../pgbench.js'
import {ask, type Place, type Stage} from '../stage.js'

/** A source that pays for something, or for nothing. */
export interface Variant {
  name: 'fenced' | 'slot' | 'with' | 'without'
  means: string
  place: Place
  /** Runs `work` with whatever belongs to the variant at work. */
  during<T>(work: () => Promise<T>): Promise<T>
}

const patience = {clock, signal: never}
const GUARD = 'select 1'

export interface Contents {
  /** Of TPC-B. */
  scale: number
  /** Of the table for single updates. */
  rows: number
}

/** All on one server, each with its own database, but for the slot: its server logs more, which the others must not pay for. */
export async function setVariants(stage: Stage, contents: Contents, later: Later): Promise<Variant[]> {
  const server = await stage.newSourceServer()
  const plain = async (): Promise<Place> => fill(await stage.newSource(server), contents)
  const alone = <T>(work: () => Promise<T>) => work()
  const [without, withCapture, fenced] = [await plain(), await plain(), await plain()]
  for (const place of [withCapture, fenced]) await installCapture(place.db, patience, GUARD)
  await createFence(fenced.db)
  await fenceTables(fenced.db, patience)
  return [
    {name: 'without', means: 'nothing installed', place: without, during: alone},
    {name: 'with', means: 'capture triggers', place: withCapture, during: alone},
    {
      name: 'fenced',
      means: 'capture triggers and the lowered fence, as rds:start leaves them',
      place: fenced,
      during: alone,
    },
    ...(await slotVariant(stage, contents, later)),
  ]
}

/** Columns of pgbench_accounts. */
const TABLES = `
  create table bulk (like pgbench_accounts including all);
  create table single_insert (aid bigint generated always as identity primary key, bid int, abalance int, filler char(84));
  create table single_update (like pgbench_accounts including all)`

async function fill(place: Place, {scale, rows}: Contents): Promise<Place> {
  await initTpcb(place.url, scale)
  await ask(
    place.url,
    TABLES,
    `insert into single_update select n, 1, 0, '' from generate_series(1, ${rows}) n`,
    'vacuum analyze',
  )
  return place
}

/** What logical replication costs a source: a slot whose changes somebody takes. */
async function slotVariant(stage: Stage, contents: Contents, later: Later): Promise<Variant[]> {
  const receiver = findTool('pg_recvlogical')
  if (!receiver) return []
  const server = await stage.newSourceServer({wal_level: 'logical'})
  const place = await fill(await stage.newSource(server), contents)
  await ask(
    place.superuserUrl,
    'create publication bench for all tables',
    `select pg_create_logical_replication_slot('bench', 'pgoutput')`,
  )
  const take = ['--start', '--slot=bench', '--file=/dev/null', '--status-interval=1', '--no-loop']
  const options = ['--option=proto_version=1', '--option=publication_names=bench', `--dbname=${place.database}`]
  return [
    {
      name: 'slot',
      means: 'a logical replication slot that is consumed',
      place,
      async during(work) {
        const taking = startTool(receiver, [...take, ...options], {...libpq(place.superuserUrl), PGSSLMODE: 'disable'})
        later(() => taking.end())
        try {
          await Promise.race([caughtUp(place), failure(taking)])
          return await work()
        } finally {
          await taking.end()
        }
      },
    },
  ]
}

const failure = async ({ended}: Running): Promise<never> => {
  const {code, stderr} = await ended
  throw new Error(`pg_recvlogical ended with ${code}: ${stderr}`)
}

/** Earlier turns are not to be paid for in this one. */
async function caughtUp({superuserUrl}: Place): Promise<void> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const [row] = await ask<{there: boolean}>(
      superuserUrl,
      'select coalesce(bool_or(sent_lsn >= pg_current_wal_lsn()), false) as there from pg_stat_replication',
    )
    if (row!.there) return
    if (Date.now() > deadline) throw new Error('the slot was not consumed within a minute')
    await delay(50)
  }
}
