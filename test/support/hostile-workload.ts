import {setTimeout as delay} from 'node:timers/promises'
import {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'

import pg from 'pg'
import {from as copyFrom} from 'pg-copy-streams'

import {type Operation, OPERATIONS, type Statement} from './hostile-operations.js'
import type {Random} from './hostile-random.js'
import {newClient} from './servers.js'

/*
 * Clients that write to the hostile schema whatever an app might: each from its own line of choices, so that a seed tells
 * what every one of them sends and in which order. How their transactions interleave is up to the servers.
 */

export interface HostileTransaction {
  begin?: string
  statements: Statement[]
  /** Left open for so long before it ends. */
  holdMs: number
  end?: 'commit' | 'rollback'
}

const MODES = ['', '', '', '', '', '', ' isolation level repeatable read', ' isolation level serializable']
const LONGEST_MS = 1000

/** What a transaction does, told by the choices alone. */
export function hostileTransaction(random: Random, operations: readonly Operation[]): HostileTransaction {
  const first = weighed(random, operations).statements(random)
  if (first.length === 1 && random.chance(0.3)) return {statements: first, holdMs: 0}
  const statements = [...first]
  for (let more = random.below(4); more > 0; more--) {
    const next = weighed(random, operations).statements(random)
    if (random.chance(0.2))
      statements.push(
        'savepoint a',
        ...next,
        random.pick(['rollback to savepoint a', 'rollback to savepoint a', 'release savepoint a']),
      )
    else statements.push(...next)
  }
  return {
    begin: `begin${random.pick(MODES)}`,
    statements,
    holdMs: random.chance(0.06) ? random.below(LONGEST_MS) : 0,
    end: random.chance(0.1) ? 'rollback' : 'commit',
  }
}

function weighed(random: Random, operations: readonly Operation[]): Operation {
  const total = operations.reduce((sum, {weight = 4}) => sum + weight, 0)
  let at = random.below(total * 1000) / 1000
  return operations.find(({weight = 4}) => (at -= weight) < 0) ?? operations[0]!
}

/** What clients may be told because of each other: serialization, deadlock, unique, foreign key, exclusion, object in use, lock timeout. */
const OF_THEIR_OWN_MAKING = new Set(['40001', '40P01', '23505', '23503', '23P01', '55006', '55P03'])

export interface HostileWriters {
  acknowledged: number
  rolledBack: number
  /** SQLSTATEs that the clients owe to each other. */
  refusals: Record<string, number>
  /** Refused because the source is frozen. */
  frozen: number
  /** Connections that broke. */
  broken: number
  /** Whatever no client should ever have been told. */
  trouble: string[]
  /** Lets each finish what it is in the middle of. */
  stop(): Promise<void>
}

export interface WritersOptions {
  major: number
  /** Of whoever writes: the first is the owner. */
  urls: readonly string[]
  writers: number
  random: Random
  /** Operations with such names are left out, to find out which of them it takes. */
  without?: RegExp | undefined
}

export function startHostileWriters({major, urls, writers, random, without}: WritersOptions): HostileWriters {
  const told: HostileWriters = {
    acknowledged: 0,
    rolledBack: 0,
    refusals: {},
    frozen: 0,
    broken: 0,
    trouble: [],
    async stop() {
      going = false
      await Promise.all(ended)
    },
  }
  let going = true
  const ended = Array.from({length: writers}, (_, nth) => {
    const url = urls[nth % urls.length]!
    const possible = OPERATIONS.filter(
      ({name, since = 0, owner}) => since <= major && (!owner || url === urls[0]) && !without?.test(name),
    )
    return write(url, possible, random.fork(), told, () => going)
  })
  return told
}

async function write(
  url: string,
  operations: readonly Operation[],
  random: Random,
  told: HostileWriters,
  going: () => boolean,
): Promise<void> {
  while (going()) {
    const client = await newClient(url, {connectionTimeoutMillis: 5000}).catch(() => undefined)
    if (!client) {
      told.broken++
      await delay(50)
      continue
    }
    try {
      await client.query(`set lock_timeout = ${random.between(300, 2000)}`)
      while (going()) {
        const transaction = hostileTransaction(random, operations)
        try {
          told[await perform(client, transaction)]++
        } catch (error) {
          if (!note(told, error, transaction)) break
          await client.query('rollback')
        }
        await delay(random.below(15))
      }
    } catch (error) {
      note(told, error)
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}

async function perform(
  client: pg.Client,
  {begin, statements, holdMs, end}: HostileTransaction,
): Promise<'acknowledged' | 'rolledBack'> {
  if (begin) await client.query(begin)
  for (const statement of statements) {
    if (typeof statement === 'string') await client.query(statement)
    else
      await pipeline(Readable.from(statement.lines.map((line) => `${line}\n`)), client.query(copyFrom(statement.copy)))
  }
  if (holdMs > 0) await delay(holdMs)
  if (!end) return 'acknowledged'
  const {command} = await client.query(end)
  if (command !== end.toUpperCase()) throw new Error(`${end} was answered with ${command}`)
  return end === 'commit' ? 'acknowledged' : 'rolledBack'
}

/** Counts a refusal; true where the connection is still good. */
function note(told: HostileWriters, error: unknown, transaction?: HostileTransaction): boolean {
  const {code = '', message} = error as Error & {code?: string}
  if (code === '25006' && / is frozen /.test(message)) told.frozen++
  else if (OF_THEIR_OWN_MAKING.has(code) && !namesUs(error as pg.DatabaseError)) {
    told.refusals[code] = (told.refusals[code] ?? 0) + 1
  } else if (!(error instanceof pg.DatabaseError) || /^(57P|08)/.test(code)) {
    told.broken++
    return false
  } else told.trouble.push(`${code} ${message} ${JSON.stringify(error)}\n${JSON.stringify(transaction?.statements)}`)
  return true
}

/** A serialization failure says where it was noticed, not whose doing it is. */
const namesUs = ({code, where, ...rest}: pg.DatabaseError): boolean =>
  `${rest.message} ${JSON.stringify(rest)} ${code === '40001' ? '' : where}`.includes('heroku_rds')
