import {OWN_SCHEMA} from '../postgres/catalog.js'
import {failed, refused} from '../ports/errors.js'
import type {Database, Session} from '../ports/ports.js'

export interface OperatorLock {
  /** The fencing token: it grows each time the lock is taken, and an older one is void. */
  epoch: string
  /** Aborts when the connection that holds the lock ends. */
  lost: AbortSignal
}

/**
 * Takes the operator's lock for as long as `work` runs. It lives in one session on the target: when this process dies,
 * the server frees it. What really keeps two operators apart is the epoch, which every change is checked against.
 */
export async function withOperatorLock<T>(
  target: Database,
  operator: string,
  command: string,
  work: (lock: OperatorLock) => Promise<T>,
): Promise<T> {
  const lost = new AbortController()
  const onLost = () =>
    lost.abort(
      failed('lock_lost', 'the connection to the target that held the lock broke', 'run the same command again'),
    )
  return target.session(
    async (session) => {
      const lock = await session.queryOne<{taken: boolean}>(
        `select pg_try_advisory_lock(hashtext('${OWN_SCHEMA}')) as taken`,
      )
      if (!lock.taken) {
        throw refused(
          'locked',
          await describeHolder(session),
          'wait until it has ended; heroku rds:status shows what it is doing',
        )
      }
      const {epoch} = await session.queryOne<{epoch: string}>(
        `update ${OWN_SCHEMA}.migration set epoch = epoch + 1 returning epoch::text as epoch`,
      )
      await session.query(`delete from ${OWN_SCHEMA}.lock_holder`)
      await session.query(`insert into ${OWN_SCHEMA}.lock_holder (operator, command) values ($1, $2)`, [
        operator,
        command,
      ])
      try {
        return await work({epoch, lost: lost.signal})
      } finally {
        if (!lost.signal.aborted) {
          await session.query(`delete from ${OWN_SCHEMA}.lock_holder`)
          await session.query(`select pg_advisory_unlock(hashtext('${OWN_SCHEMA}'))`)
        }
      }
    },
    {lost: onLost},
  )
}

async function describeHolder(session: Session): Promise<string> {
  const [holder] = await session.query<{operator: string; command: string; since: string}>(
    `select operator, command, to_char(since at time zone 'UTC', 'HH24:MI:SS "UTC"') as since
     from ${OWN_SCHEMA}.lock_holder`,
  )
  return holder
    ? `${holder.operator} has been running ${holder.command} since ${holder.since}`
    : 'another operator is at work on this migration'
}
