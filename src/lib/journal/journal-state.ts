import type {JournalState, Undone} from '../ports/ports.js'
import type {Question} from '../postgres/answers.js'
import {literal, OWN_SCHEMA} from '../postgres/catalog.js'

/** SQL: all of the attempt as one JSON value; of the notes those that are named, where some are. */
export const stateOf = (keys?: readonly string[]): string => `
  select json_build_object(
    'attempt', m.attempt,
    'records', (
      select coalesce(json_agg(json_build_object(
        'step', step, 'startedAt', started_at, 'finishedAt', finished_at, 'undoneAt', undone_at,
        'evidence', evidence, 'operator', operator, 'waits', to_json(s) -> 'waits') order by id), '[]')
      from ${OWN_SCHEMA}.steps s
      where s.attempt = m.attempt),
    'notes', (
      select coalesce(json_object_agg(key, value), '{}')
      from ${OWN_SCHEMA}.notes n
      where n.attempt = m.attempt ${keys ? `and key = any ('{${keys.join()}}')` : ''}))
  from ${OWN_SCHEMA}.migration m`

/** The same as a question: there may be no journal. */
export const journalState = (keys: readonly string[]): Question<JournalState> => ({query: stateOf(keys)})

/** SQL: part of a note, as text; null where there is none. */
export const notePart = (key: string, part: string): string => `
  select n.value ->> ${literal(part)}
  from ${OWN_SCHEMA}.notes n
  join ${OWN_SCHEMA}.migration m on m.attempt = n.attempt
  where n.key = ${literal(key)}`

/** What it will be when what was undone is written in it. */
export function withUndone(state: JournalState, undone: Undone | null | undefined): JournalState {
  if (undone?.attempt !== state.attempt) return state
  const records = state.records.map((record) =>
    undone.steps.includes(record.step) ? {...record, undoneAt: record.undoneAt ?? record.startedAt} : record,
  )
  if (records.every(({undoneAt}) => undoneAt)) return {attempt: state.attempt + 1, records: [], notes: {}}
  const notes = Object.entries(state.notes).filter(([key]) => !undone.forgotten.includes(key))
  return {...state, records, notes: Object.fromEntries(notes)}
}

export const dated = (state: JournalState): JournalState => ({
  ...state,
  records: state.records.map((record) => ({
    ...record,
    startedAt: new Date(record.startedAt),
    finishedAt: record.finishedAt && new Date(record.finishedAt),
    undoneAt: record.undoneAt && new Date(record.undoneAt),
  })),
})
