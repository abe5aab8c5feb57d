import {batchesOf} from '../flow/batches.js'
import {identifier, literal, notOfExtension, USER_SCHEMA} from '../postgres/catalog.js'
import type {Database, Queryable} from '../ports/ports.js'
import {ELSE_CONNECTED} from '../postgres/sessions.js'

/** Where a sequence stands. Positions are text: they reach 2^63. */
export interface Position {
  sequence: string
  lastValue: string
  isCalled: boolean
  /** Negative for a descending sequence. */
  increment: string
}

/** Sequences read in one statement: a server keeps room for 64 locks of each of its connections. */
const BATCH = 200

interface Sequence {
  schema: string
  name: string
  increment: string
}

const sequencesOf = (db: Queryable): Promise<Sequence[]> =>
  db.query<Sequence>(`
    select n.nspname as schema, c.relname as name, s.seqincrement::text as increment
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_sequence s on s.seqrelid = c.oid
    where c.relkind = 'S'
      and ${USER_SCHEMA}
      and ${notOfExtension('pg_class', 'c.oid')}
    order by 1, 2`)

/** Every sequence, owned by a column or not, read from the sequence itself: `pg_sequences` hides uncalled positions. */
export const sequencePositions = async (db: Queryable): Promise<Position[]> => positionsOf(db, await sequencesOf(db))

async function positionsOf(db: Queryable, sequences: readonly Sequence[]): Promise<Position[]> {
  const positions: Position[] = []
  for (const batch of batchesOf(sequences, BATCH)) {
    const reads = batch.map(
      ({schema, name}, i) =>
        `select ${i} as nth, last_value::text as "lastValue", is_called as "isCalled" from ${identifier(schema, name)}`,
    )
    const rows = await db.query<{nth: number; lastValue: string; isCalled: boolean}>(reads.join(' union all '))
    for (const {nth, lastValue, isCalled} of rows) {
      const {schema, name, increment} = batch[nth]!
      positions.push({sequence: identifier(schema, name), lastValue, isCalled, increment})
    }
  }
  return positions
}

/**
 * Does work that is rolled back, and puts every sequence that it moved back exactly where it was, which no rollback does. The database
 * takes no other writes meanwhile. A process that dies in between leaves a gap in the numbers, and so does somebody else who is connected
 * then, or has drawn since: what he drew, or keeps in store as an object mapper does, must not be handed out again.
 */
export async function keepingSequences<T>(db: Database, work: () => Promise<T>): Promise<T> {
  const sequences = await sequencesOf(db)
  const before = await positionsOf(db, sequences)
  try {
    return await work()
  } finally {
    const known = new Map((await positionsOf(db, sequences)).map((position) => [position.sequence, position]))
    const moved = before.flatMap((was) => {
      const now = known.get(was.sequence)!
      return isSame(was, now) ? [] : [{was, now}]
    })
    for (const batch of batchesOf(moved, BATCH)) {
      const back = batch.map(
        ({was, now}) =>
          `select setval(${literal(was.sequence)}, ${was.lastValue}, ${was.isCalled})
           from ${was.sequence} s
           where s.last_value = ${now.lastValue}
             and s.is_called = ${now.isCalled}
             and not ${ELSE_CONNECTED}`,
      )
      await db.query(back.join(' union all '), [db.ownPids()])
    }
  }
}

const isSame = (one: Position, other: Position): boolean =>
  one.lastValue === other.lastValue && one.isCalled === other.isCalled

/** Moves sequences to these positions, never backwards: a value that was handed out stays handed out. */
export async function moveSequences(db: Queryable, positions: readonly Position[]): Promise<void> {
  await setPositions(db, sequencesBehind(positions, await sequencePositions(db)))
}

async function setPositions(db: Queryable, positions: readonly Position[]): Promise<void> {
  await db.query(
    `select setval(sequence::regclass, "lastValue"::bigint, "isCalled")
     from json_to_recordset($1) as p (sequence text, "lastValue" text, "isCalled" boolean)`,
    [JSON.stringify(positions)],
  )
}

/** Positions of the `from` side that the `to` side has not reached. */
export function sequencesBehind(from: readonly Position[], to: readonly Position[]): Position[] {
  const reached = new Map(to.map((position) => [position.sequence, position]))
  return from.filter((position) => {
    const other = reached.get(position.sequence)
    if (!other) return true
    const missing = nextValue(position) - nextValue(other)
    return BigInt(position.increment) > 0n ? missing > 0n : missing < 0n
  })
}

const nextValue = ({lastValue, isCalled, increment}: Position): bigint =>
  BigInt(lastValue) + (isCalled ? BigInt(increment) : 0n)

/** The same, in words. */
export const lateSequences = (from: readonly Position[], to: readonly Position[]): string[] =>
  sequencesBehind(from, to).map(({sequence, lastValue}) => `sequence ${sequence} has not reached ${lastValue}`)
