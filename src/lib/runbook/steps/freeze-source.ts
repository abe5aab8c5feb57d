import {keepingNotes} from '../../fence/claim.js'
import {
  FENCE_STATE,
  fenceState,
  fenceTables,
  LOWER_FENCE,
  passBarrier,
  raising,
  UNFENCED,
  WRITABLE,
} from '../../fence/fence.js'
import {fingerprintOf} from '../../fence/fingerprint.js'
import {waitFor} from '../../flow/wait.js'
import {leaveNote, leaveNoteAtEnd, noteOf, requireNote} from '../../journal/notes.js'
import {failed} from '../../ports/errors.js'
import type {Database} from '../../ports/ports.js'
import {everyAnswer, type Question} from '../../postgres/answers.js'
import {literal, OWN_SCHEMA} from '../../postgres/catalog.js'
import {CLOCK} from '../../postgres/server-clock.js'
import {endOtherSessions, PREPARED, superuserWriters} from '../../postgres/sessions.js'
import {codeOf} from '../../postgres/sqlstate.js'
import {namesOf, type TableName} from '../../postgres/tables.js'
import type {Migration} from '../migration.js'
import type {Frozen} from '../notes.js'
import type {Step} from '../step.js'

/** How long a transaction that was open at the freeze may take to commit before its session is ended. */
const GRACE_SECONDS = 5
const SESSIONS_SECONDS = 30
const IN_WINDOW = {seconds: GRACE_SECONDS, nobodyWaits: true}

/** From the first statement on, the source refuses every write; from the last on, nothing written before can still commit. */
export const freezeSource: Step = {
  id: 'freeze-source',
  title: 'Freeze the source',
  window: 'inside',

  /** What was armed belongs to this freeze: none of it may serve a later one. */
  async undo(migration) {
    await migration.journal.forget(['armed', 'smoke', 'opened'])
    await thaw(migration)
    await migration.journal.forget(['frozen'])
  },

  async done(migration) {
    return (await noteOf(migration, 'frozen')) !== undefined && (await stillFrozen(migration)) === undefined
  },

  async run(migration) {
    const {source, app, guard} = migration
    const pass = await requireNote(migration, 'fenceKey')
    const message = `the database of ${app} is frozen while it moves to RDS`
    const raise = `${guard.source}; ${raising({pass, message})}`
    const raised = await everyAnswer(source, {at: CLOCK, readOnly: READ_ONLY_DEFAULT}, raise)
    // Known from an earlier run that did not finish: by now the default is our own.
    const readOnlyBefore = ((await noteOf(migration, 'frozen')) ?? {readOnlyBefore: raised.readOnly}).readOnlyBefore
    const frozen: Frozen = {at: raised.at, fingerprint: '', readOnlyBefore}
    await leaveNote(migration, 'frozen', frozen)

    const secondLine = `${guard.source}; ${keepingNotes({frozen})}; ${setReadOnlyDefault('on')}`
    const {at, ...facts} = await everyAnswer(
      source,
      {at: CLOCK, secondLine: SECOND_LINE, unfenced: UNFENCED, tables: WRITABLE},
      secondLine,
    )
    const unfenced = namesOf(facts.unfenced)
    if (unfenced.length > 0) await fenceTables(source, {...migration, ...IN_WINDOW}, guard.source, unfenced)

    const ended = await endWriters(migration, at, namesOf(facts.tables))
    await leaveNoteAtEnd(migration, 'frozen', {...frozen, fingerprint: await provenFrozen(source)})
    const readOnly = facts.secondLine
      ? ''
      : '; this role cannot set default_transaction_read_only on the database, so DDL is only watched for'
    return `writes have been refused since ${raised.at}; ${ended} sessions were terminated; no open or prepared transaction remains${readOnly}`
  },
}

/** Gives transactions in flight a moment to commit, and ends the rest. Returns how many it ended. */
async function endWriters(migration: Migration, since: string, tables: readonly TableName[]): Promise<number> {
  const {source} = migration
  const pass = () => passBarrier(source, {...migration, ...IN_WINDOW}, tables)
  await pass().catch((error: unknown) => {
    if (codeOf(error) !== 'table_busy') throw error
  })
  const wait = {
    what: 'every session older than the freeze to end',
    seconds: SESSIONS_SECONDS,
    suggestion: 'heroku pg:ps shows them',
  }
  let all = 0
  await waitFor(migration, wait, async () => {
    const {ended, earlier} = await endOtherSessions(source, since)
    all += ended
    return earlier === 0 || undefined
  })
  await pass()
  return all
}

/** Proves that nothing written before the freeze can still commit; returns what the schema is made of. */
async function provenFrozen(source: Database): Promise<string> {
  const {prepared, superusers, unfenced, fingerprint} = await everyAnswer(source, {
    prepared: PREPARED,
    superusers: superuserWriters(source),
    unfenced: UNFENCED,
    fingerprint: fingerprintOf('all'),
  })
  if (prepared.length > 0) {
    throw failed(
      'prepared_transactions',
      `prepared transactions may still commit: ${prepared.join(', ')}`,
      'commit or roll back each of them, and run the same command again',
    )
  }
  if (superusers.length > 0) {
    throw failed(
      'superuser_writes',
      `a superuser's transaction that has written is still open (pid ${superusers.join(', ')})`,
      'wait until it ends and run the same command again',
    )
  }
  if (unfenced.length > 0)
    throw failed('table_appeared', 'a table was created during the freeze', 'run the same command again')
  return fingerprint
}

/** Why the source can no longer be said to be frozen, or undefined when it can. */
export async function stillFrozen(migration: Pick<Migration, 'journal' | 'source'>): Promise<string | undefined> {
  const frozen = await noteOf(migration, 'frozen')
  if (!frozen?.fingerprint) return 'the fence of the source is not up'
  const {fence, unfenced, fingerprint} = await everyAnswer(migration.source, {
    fence: FENCE_STATE,
    unfenced: UNFENCED,
    fingerprint: fingerprintOf('all'),
  })
  if (fence !== 'raised') return 'the fence of the source is not up'
  if (unfenced.length > 0) return 'a table of the source stands outside the fence'
  return fingerprint === frozen.fingerprint ? undefined : 'the schema of the source changed during the freeze'
}

async function thaw(migration: Migration): Promise<void> {
  const {source, guard} = migration
  const frozen = await noteOf(migration, 'frozen')
  const lower = (await fenceState(source)) === 'raised' ? [guard.source, LOWER_FENCE] : []
  const changes = [...lower, ...(frozen ? [setReadOnlyDefault(frozen.readOnlyBefore)] : [])]
  if (changes.length > 0) await source.query(changes.join(';'))
  // Sessions that connected during the freeze would keep its read-only default for as long as their pool keeps them.
  await endOtherSessions(source)
}

const READ_ONLY_DEFAULT: Question<string | null> = {
  query: `
    select to_json(substr(setting, strpos(setting, '=') + 1))
    from pg_db_role_setting s, unnest(s.setconfig) setting
    where s.setrole = 0 and s.setdatabase = (select oid from pg_database where datname = current_database())
      and setting like 'default\\_transaction\\_read\\_only=%'`,
}

/** Whether new sessions on it cannot write, unless they say so. */
export const isReadOnly = async (source: Database): Promise<boolean> =>
  (await everyAnswer<{value: string | null}>(source, {value: READ_ONLY_DEFAULT})).value === 'on'

const SECOND_LINE_SETTING = `${OWN_SCHEMA}.second_line`

/** SQL that sets a second line behind the fence, against DDL and `nextval` in sessions that do not override it, where the role may. */
function setReadOnlyDefault(value: string | null): string {
  const change =
    value === null ? 'reset default_transaction_read_only' : `set default_transaction_read_only = ${literal(value)}`
  return `do ${literal(`begin
    execute format('alter database %I ', current_database()) || ${literal(change)};
    perform set_config('${SECOND_LINE_SETTING}', 'true', true);
  exception when insufficient_privilege then
    perform set_config('${SECOND_LINE_SETTING}', 'false', true);
  end`)}`
}

/** Whether the role might set it, in this transaction. */
const SECOND_LINE: Question<boolean> = {query: `select to_json(current_setting('${SECOND_LINE_SETTING}')::boolean)`}
