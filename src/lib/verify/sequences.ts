import {batchesOf} from '../flow/batches.js'
import {everyAnswer, type Question} from '../postgres/answers.js'
import {literal, notOfExtension, USER_SCHEMA} from '../postgres/catalog.js'
import type {Database, Queryable} from '../ports/ports.js'
import {ELSE_CONNECTED} from '../postgres/sessions.js'
import {LET_GO} from '../postgres/sqlstate.js'

/** Where a sequence stands. Positions are text: they reach 2^63. */
export interface Position {
  sequence: string
  lastValue: string
  isCalled: boolean
  /** Negative for a descending sequence. */
  increment: string
}

/** Sequences read or set in one transaction: a server keeps room for 64 locks of each of its connections. */
const BATCH = 200

/** Every sequence, owned by a column or not, read from the sequence itself: `pg_sequences` hides uncalled positions. */
export const POSITIONS: Question<Position[]> = {
  block: `
    declare
      found json[];
      sequences json[] := array(
        select json_build_object(
          'name', concat('"', replace(n.nspname, '"', '""'), '"."', replace(c.relname, '"', '""'), '"'),
          'increment', s.seqincrement::text)
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        join pg_sequence s on s.seqrelid = c.oid
        where c.relkind = 'S'
          and ${USER_SCHEMA}
          and ${notOfExtension('pg_class', 'c.oid')}
        order by n.nspname, c.relname);
      read json;
    begin
      for nth in 1 .. cardinality(sequences) by ${BATCH} loop
        begin
          for one in nth .. least(nth + ${BATCH - 1}, cardinality(sequences)) loop
            execute format(
              'select json_build_object(''sequence'', $1, ''increment'', $2,
                 ''lastValue'', last_value::text, ''isCalled'', is_called) from %s', sequences[one] ->> 'name')
            into strict read
            using sequences[one] ->> 'name', sequences[one] ->> 'increment';
            found := found || read;
          end loop;
          raise exception using errcode = '${LET_GO}';
        exception when sqlstate '${LET_GO}' then null;
        end;
      end loop;
      answer := coalesce(array_to_json(found), '[]');
    end`,
}

/** The same, asked. */
export const sequencePositions = async (db: Queryable): Promise<Position[]> =>
  (await everyAnswer<{positions: Position[]}>(db, {positions: POSITIONS})).positions

/**
 * Does work that is rolled back, and puts every sequence that it moved back exactly where it was, which no rollback does. The
 * database takes no other writes meanwhile. A process that dies in between leaves a gap in the numbers, and so does somebody else who is
 * connected then, or has drawn since: what he drew, or keeps in store as an object mapper does, must not be handed out again. `before`: where they stand, where that is known.
 */
export async function keepingSequences<T>(
  db: Database,
  work: () => Promise<T>,
  before?: readonly Position[],
): Promise<T> {
  const stood = before ?? (await sequencePositions(db))
  try {
    return await work()
  } finally {
    const known = new Map((await sequencePositions(db)).map((position) => [position.sequence, position]))
    const moved = stood.flatMap((was) => {
      const now = known.get(was.sequence)
      return !now || isSame(was, now) ? [] : [{was, now}]
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

/**
 * Moves sequences to these positions, never backwards: a value that was handed out stays handed out. `reached`: where they stand, where that is
 * known. Returns where they stand then.
 */
export async function moveSequences(
  db: Queryable,
  positions: readonly Position[],
  reached?: readonly Position[],
): Promise<readonly Position[]> {
  const stand = reached ?? (await sequencePositions(db))
  const behind = sequencesBehind(positions, stand)
  if (behind.length === 0) return stand
  const sets = batchesOf(behind, BATCH).map(
    (batch) => `
    begin;
    select setval(sequence::regclass, "lastValue"::bigint, "isCalled")
    from json_to_recordset(${literal(JSON.stringify(batch))})
      as p (sequence text, "lastValue" text, "isCalled" boolean);
    commit`,
  )
  const {positions: now} = await everyAnswer<{positions: Position[]}>(db, {positions: POSITIONS}, sets.join(';'))
  return now
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
