import {fenceState, fenceTables, lowerFence, passBarrier, raiseFence, unfencedTables} from '../../fence/fence.js'
import {fingerprint} from '../../fence/fingerprint.js'
import {waitFor} from '../../flow/wait.js'
import {leaveNote, noteOf, requireNote} from '../../journal/notes.js'
import {failed} from '../../ports/errors.js'
import type {Database} from '../../ports/ports.js'
import {identifier, literal} from '../../postgres/catalog.js'
import {endOtherSessions, openSuperuserWriters, preparedTransactions, sessionsBefore} from '../../postgres/sessions.js'
import type {Migration} from '../migration.js'
import type {Frozen} from '../notes.js'
import type {Step} from '../step.js'
import {codeOf, INSUFFICIENT_PRIVILEGE} from '../../postgres/sqlstate.js'
import {serverClock} from '../../postgres/server-clock.js'

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
    const fencePass = await requireNote(migration, 'fenceKey')
    // Known from an earlier run that did not finish: by now the default is our own.
    const known = await noteOf(migration, 'frozen')
    const readOnlyBefore = known ? known.readOnlyBefore : await readOnlyDefault(source)

    await raiseFence(source, fencePass, `the database of ${app} is frozen while it moves to RDS`, guard.source)
    const at = await serverClock(source)
    await leaveNote(migration, 'frozen', {at, fingerprint: '', readOnlyBefore})
    const secondLine = await setReadOnlyDefault(source, 'on')
    await fenceTables(source, {...migration, ...IN_WINDOW}, guard.source)

    const ended = await endWriters(migration, at)
    const frozen: Frozen = {at, fingerprint: await fingerprint(source), readOnlyBefore}
    if ((await unfencedTables(source)).length > 0)
      throw failed('table_appeared', 'a table was created during the freeze', 'run the same command again')
    await leaveNote(migration, 'frozen', frozen)
    const readOnly = secondLine
      ? ''
      : '; this role cannot set default_transaction_read_only on the database, so DDL is only watched for'
    return `writes have been refused since ${at}; ${ended} sessions were terminated; no open or prepared transaction remains${readOnly}`
  },
}

/** Gives transactions in flight a moment to commit, ends the rest, and proves that none is left. Returns how many it ended. */
async function endWriters(migration: Migration, since: string): Promise<number> {
  const {source} = migration
  await passBarrier(source, {...migration, ...IN_WINDOW}).catch((error: unknown) => {
    if (codeOf(error) !== 'table_busy') throw error
  })
  const wait = {
    what: 'every session older than the freeze to end',
    seconds: SESSIONS_SECONDS,
    suggestion: 'heroku pg:ps shows them',
  }
  let ended = 0
  await waitFor(migration, wait, async () => {
    ended += await endOtherSessions(source)
    return (await sessionsBefore(source, since)).length === 0 || undefined
  })
  await passBarrier(source, {...migration, ...IN_WINDOW})

  const [prepared, superusers] = [await preparedTransactions(source), await openSuperuserWriters(source)]
  if (prepared.length > 0) {
    throw failed(
      'prepared_transactions',
      `prepared transactions may still commit: ${prepared.join(', ')}`,
      'commit or roll back each of them, and run the same command again',
    )
  }
  if (superusers.length > 0) {
    const pids = superusers.map(({pid}) => pid).join(', ')
    throw failed(
      'superuser_writes',
      `a superuser's transaction that has written is still open (pid ${pids})`,
      'wait until it ends and run the same command again',
    )
  }
  return ended
}

/** Why the source can no longer be said to be frozen, or undefined when it can. */
export async function stillFrozen(migration: Pick<Migration, 'journal' | 'source'>): Promise<string | undefined> {
  const frozen = await noteOf(migration, 'frozen')
  if (!frozen?.fingerprint || (await fenceState(migration.source)) !== 'raised')
    return 'the fence of the source is not up'
  if ((await unfencedTables(migration.source)).length > 0) return 'a table of the source stands outside the fence'
  if ((await fingerprint(migration.source)) !== frozen.fingerprint)
    return 'the schema of the source changed during the freeze'
  return undefined
}

async function thaw(migration: Migration): Promise<void> {
  const {source, guard} = migration
  const frozen = await noteOf(migration, 'frozen')
  if ((await fenceState(source)) === 'raised') await lowerFence(source, guard.source)
  if (frozen) await setReadOnlyDefault(source, frozen.readOnlyBefore)
  // Sessions that connected during the freeze would keep its read-only default for as long as their pool keeps them.
  await endOtherSessions(source)
}

async function readOnlyDefault(source: Database): Promise<string | null> {
  const [row] = await source.query<{value: string}>(`
    select substr(setting, strpos(setting, '=') + 1) as value
    from pg_db_role_setting s, unnest(s.setconfig) setting
    where s.setrole = 0 and s.setdatabase = (select oid from pg_database where datname = current_database())
      and setting like 'default\\_transaction\\_read\\_only=%'`)
  return row?.value ?? null
}

/** A second line behind the fence, against DDL and `nextval` in sessions that do not override it. False where the role cannot set it. */
async function setReadOnlyDefault(source: Database, value: string | null): Promise<boolean> {
  const {database} = await source.queryOne<{database: string}>('select current_database() as database')
  const change =
    value === null ? 'reset default_transaction_read_only' : `set default_transaction_read_only = ${literal(value)}`
  try {
    await source.query(`alter database ${identifier(database)} ${change}`)
    return true
  } catch (error) {
    if (codeOf(error) !== INSUFFICIENT_PRIVILEGE) throw error
    return false
  }
}
