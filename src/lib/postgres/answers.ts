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
