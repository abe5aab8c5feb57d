import type {Queryable} from '../ports/ports.js'
import {literal} from './catalog.js'

/*
 * Questions that a server can refuse. Aurora has the functions that read WAL and the control file, and raises an error in most of them:
 * 55000 in `pg_current_wal_lsn()`, 0A000 in `pg_walfile_name()`; another provider may revoke them. The absence of an answer is an answer.
 */

/** What is told of a server that does not answer. */
export const HIDDEN = 'hidden'

export const SYSTEM_IDENTIFIER = 'select system_identifier from pg_control_system()'

/** The timeline, as the names of WAL files begin with it: another one after each promotion of a standby. */
export const TIMELINE = 'select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)'

const settingOf = (question: string): string => `heroku_rds.answer_${question}`

/**
 * SQL that asks a server each question on its own; goes before a statement of the same query, which reads the answers. Each question gives
 * one value, and has a name that is an identifier. No question may wait for a lock.
 */
export const asking = (questions: Record<string, string>): string =>
  `do ${literal(
    `declare answer text; begin ${Object.entries(questions)
      .map(
        ([name, sql]) => `
        begin answer := (${sql}); exception when others then answer := null; end;
        perform set_config('${settingOf(name)}', coalesce(answer, '${HIDDEN}'), true);`,
      )
      .join('')} end`,
  )};`

/** SQL expression: the answer, as text, or `hidden`. */
export const answerTo = (question: string): string => `current_setting('${settingOf(question)}')`

/** A query that gives one JSON value, or PL/pgSQL that assigns one to `answer`. The type is that of the answer. */
export type Question<Answer> = ({query: string} | {block: string}) & {readonly answer?: Answer}

export type Questions<Answers> = {readonly [Name in keyof Answers]-?: Question<Answers[Name]>}

/** That something does not exist: it was not made yet, or another version of this plugin made it. */
const MISSING = 'undefined_table or undefined_column or undefined_function or invalid_schema_name'

/** One message; what `assigned` makes of each question assigns `answer`. */
async function ask(
  db: Queryable,
  asked: readonly [name: string, question: Question<unknown>][],
  assigned: (sql: string) => string,
  first: string,
): Promise<Record<string, unknown>> {
  return db.queryOne(`
    ${first ? `${first};` : ''}
    do ${literal(
      `declare answer json; begin ${asked
        .map(
          ([name, question]) => `
        answer := null;
        ${assigned('block' in question ? question.block : `answer := (${question.query})`)};
        perform set_config('${settingOf(name)}', coalesce(answer::text, ''), true);`,
        )
        .join('')} end`,
    )};
    select ${asked.map(([name]) => `nullif(${answerTo(name)}, '')::json as "${name}"`).join(', ')}`)
}

/**
 * Asks all questions in one message. An answer is left out where it is null, or where something that the question names does not exist.
 * `first`: SQL that goes along.
 */
export async function answersOf<Answers>(
  db: Queryable,
  questions: Questions<Answers>,
  first = '',
): Promise<Partial<Answers>> {
  const whereItIs = (sql: string) => `begin ${sql}; exception when ${MISSING} then answer := null; end`
  const answers = await ask(db, Object.entries<Question<unknown>>(questions), whereItIs, first)
  return Object.fromEntries(Object.entries(answers).filter(([, answer]) => answer !== null)) as Partial<Answers>
}

/** The same of one. */
export const answerOf = async <Answer>(
  db: Queryable,
  question: Question<Answer>,
  first?: string,
): Promise<Answer | undefined> => (await answersOf<{only: Answer}>(db, {only: question}, first)).only

/** The same where all that the questions name exists: an answer can be null, and a question that cannot be asked fails. */
export const everyAnswer = async <Answers>(
  db: Queryable,
  questions: Questions<Answers>,
  first = '',
): Promise<Answers> =>
  (await ask(db, Object.entries<Question<unknown>>(questions), (sql) => sql, first)) as unknown as Answers

/** What is asked of both ends, and what the answers mean; of an answer that was left out, nothing is known. */
export interface AskedOfBoth<Here, There, Told> {
  readonly from: Question<Here>
  readonly to: Question<There>
  told(here: Here | undefined, there: There | undefined): Told | undefined
}
