import {literal, OWN_SCHEMA} from '../postgres/catalog.js'
import {failed, refused} from '../ports/errors.js'
import type {Database} from '../ports/ports.js'

export interface OperatorLock {
  /** The fencing token: it grows each time the lock is taken, and an older one is void. */
  epoch: string
  /** Aborts when the connection that holds the lock ends. */
  lost: AbortSignal
  /** Who held it last, where that one did not give it back. */
  predecessor: Holder | undefined
}

interface Holder {
  operator: string
  command: string
}

/**
 * Takes the operator's lock for as long as `work` runs. It lives in one session on the target: when this process dies,
 * the server frees it. What really keeps two operators apart is the epoch, which every change is checked against.
 */
export async function withOperatorLock<T>(
  target: Database,
  {operator, command, after}: Taking,
  work: (lock: OperatorLock) => Promise<T>,
): Promise<T> {
  const lost = new AbortController()
  const onLost = () =>
    lost.abort(
      failed('lock_lost', 'the connection to the target that held the lock broke', 'run the same command again'),
    )
  return target.session(
    async (session) => {
      const {taken, epoch, holder, predecessor} = await session.queryOne<Attempt>(attempt({operator, command, after}))
      if (!taken) {
        throw refused(
          'locked',
          describeHolder(holder),
          'wait until it has ended; heroku rds:status shows what it is doing',
        )
      }
      try {
        return await work({epoch, lost: lost.signal, predecessor: predecessor ?? undefined})
      } finally {
        if (!lost.signal.aborted)
          await session.query(`delete from ${OWN_SCHEMA}.lock_holder; select pg_advisory_unlock(${KEY})`)
      }
    },
    {lost: onLost},
  )
}

const KEY = `hashtext('${OWN_SCHEMA}')`

interface Taking {
  operator: string
  command: string
  /** An epoch that the new one exceeds, whatever the journal says. */
  after: number
}

interface Attempt {
  taken: boolean
  epoch: string
  holder: (Holder & {since: string}) | null
  predecessor: Holder | null
}

/** One message: another round trip would be one more in which the lock has no name. */
const attempt = ({operator, command, after}: Taking): string => `
  do ${literal(`begin
    if pg_try_advisory_lock(${KEY}) then
      update ${OWN_SCHEMA}.migration set epoch = greatest(epoch, ${after}) + 1;
      perform set_config('${OWN_SCHEMA}.lock_left', coalesce(
        (select json_build_object('operator', operator, 'command', command)::text from ${OWN_SCHEMA}.lock_holder),
        ''), true);
      delete from ${OWN_SCHEMA}.lock_holder;
      insert into ${OWN_SCHEMA}.lock_holder (operator, command) values (${literal(operator)}, ${literal(command)});
      perform set_config('${OWN_SCHEMA}.lock_taken', 'yes', true);
    end if;
  end`)};
  select coalesce(current_setting('${OWN_SCHEMA}.lock_taken', true), '') = 'yes' as taken,
    nullif(current_setting('${OWN_SCHEMA}.lock_left', true), '')::json as predecessor,
    (select epoch::text from ${OWN_SCHEMA}.migration) as epoch,
    (select json_build_object(
       'operator', operator, 'command', command, 'since', to_char(since at time zone 'UTC', 'HH24:MI:SS "UTC"'))
     from ${OWN_SCHEMA}.lock_holder) as holder`

const describeHolder = (holder: Attempt['holder']): string =>
  holder
    ? `${holder.operator} has been running ${holder.command} since ${holder.since}`
    : 'another operator is at work on this migration'
