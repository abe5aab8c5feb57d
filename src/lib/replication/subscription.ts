import {answerOf, type Question} from '../postgres/answers.js'
import {type Guard, literal, OWN_SCHEMA} from '../postgres/catalog.js'
import {failed, messageOf} from '../ports/errors.js'
import type {Clock, Database, Queryable, Session} from '../ports/ports.js'
import type {Secret} from '../ports/secret.js'
import {waitFor} from '../flow/wait.js'
import {refuseLogging} from './password-log.js'
import {PUBLICATION, TRIAL_PUBLICATION} from './publication.js'
import {codeOf, CONNECTION_FAILURE, INSUFFICIENT_PRIVILEGE, QUERY_CANCELED} from '../postgres/sqlstate.js'

/*
 * The target connects to the source by itself and applies what it is sent. For that its catalog holds the password of the source:
 * docs/decisions/0009-logical-replication.md says who can read it there, and for how long.
 */

export const SUBSCRIPTION = OWN_SCHEMA

const OURS = `subname = '${SUBSCRIPTION}'
  and subdbid = (select oid from pg_database where datname = current_database())`

export interface SubscriptionState {
  enabled: boolean
  slot: string | null
  /** A worker of it is at work. */
  running: boolean
  /** As many workers as the server allows serve other subscriptions: max_logical_replication_workers. */
  crowdedOut: boolean
  /** How often its worker has stopped with an error; 0 before Postgres 15, which does not count. */
  errors: number
}

/** Left out where nothing is subscribed. */
export const SUBSCRIPTION_STATE: Question<SubscriptionState> = {
  block: `
    declare
      errors bigint := 0;
      ours oid := (select oid from pg_subscription where ${OURS});
    begin
      if current_setting('server_version_num')::int >= 150000 then
        execute 'select apply_error_count from pg_stat_subscription_stats where subid = $1' into errors using ours;
      end if;
      answer := (
        select json_build_object('enabled', subenabled, 'slot', subslotname, 'errors', coalesce(errors, 0),
          'running', exists (select from pg_stat_get_subscription(oid) where pid is not null),
          'crowdedOut', (select count(pid) from pg_stat_subscription s where s.subid <> o.oid)
            >= current_setting('max_logical_replication_workers')::int)
        from pg_subscription o
        where oid = ours);
    end`,
}

/** The same, asked. */
export const subscriptionState = (target: Queryable): Promise<SubscriptionState | undefined> =>
  answerOf(target, SUBSCRIPTION_STATE)

const HOLDS_CONNECTION = `${OWN_SCHEMA}.connection`
const CONNECT_SECONDS = 30

/**
 * Executes a statement in which `%L` stands for the connection to the source. It travels as a parameter and is put in on the server,
 * so that neither statistics nor the view of what sessions are doing show it; and an error is raised again, because its context
 * would quote the statement.
 */
async function withConnection(session: Session, connection: Secret, statement: string): Promise<void> {
  await refuseLogging(session)
  await session.query(`set local statement_timeout = '${CONNECT_SECONDS}s'`)
  await session.query(`select set_config('${HOLDS_CONNECTION}', $1, true)`, [connection.reveal()])
  const body = `begin
      execute format(${literal(statement)}, current_setting('${HOLDS_CONNECTION}'));
    exception when query_canceled or others then raise exception using errcode = sqlstate, message = sqlerrm; end`
  try {
    await session.query(`do ${literal(body)}`)
  } catch (error) {
    throw explained(error)
  }
}

const create = (name: string, publication: string, slot: string): string =>
  `create subscription ${name} connection %L publication ${publication}
     with (create_slot = false, slot_name = ${literal(slot)}, copy_data = false, enabled = false)`

/** Finds out whether the target reaches the source and may subscribe to it, by an empty publication, and takes it back. */
export async function tryToSubscribe(target: Database, connection: Secret): Promise<void> {
  await target.transaction(async (session) => {
    await session.query('savepoint trial')
    await withConnection(session, connection, create(`${SUBSCRIPTION}_trial`, TRIAL_PUBLICATION, 'none_yet'))
    await session.query('rollback to savepoint trial')
  })
}

/** Subscribes the target to the source, from the beginning of the slot; nothing is applied before it is resumed. */
export async function subscribe(target: Database, connection: Secret, slot: string, guard: Guard): Promise<void> {
  await target.transaction(async (session) => {
    await session.query(guard)
    await withConnection(session, connection, create(SUBSCRIPTION, PUBLICATION, slot))
  })
}

/** Lets the target apply what the source sends, with the credential of the day. */
export async function resume(target: Database, connection: Secret, guard: Guard): Promise<void> {
  await target.transaction(async (session) => {
    await session.query(guard)
    await withConnection(session, connection, `alter subscription ${SUBSCRIPTION} connection %L`)
    await session.query(`alter subscription ${SUBSCRIPTION} enable`)
  })
}

const STOP_SECONDS = 30

/** Nothing is applied any more when this returns: what a fence refuses to others, a worker of a subscription may write. */
export async function pause(
  target: Database,
  guard: Guard,
  patience: {clock: Clock; signal: AbortSignal},
): Promise<void> {
  // Its own commit brings those of the worker to the disk, which by itself takes its time.
  await target.query(`${guard}; set local synchronous_commit = on; alter subscription ${SUBSCRIPTION} disable`)
  const wait = {what: 'the apply worker on the target to end', seconds: STOP_SECONDS}
  await waitFor(patience, wait, async () => (await subscriptionState(target))?.running === false || undefined)
}

/** Needs no source: the slot stays there, to be dropped on the source. */
export async function dropSubscription(target: Database): Promise<void> {
  if (!(await subscriptionState(target))) return
  await target.query(`
    alter subscription ${SUBSCRIPTION} disable; alter subscription ${SUBSCRIPTION} set (slot_name = none);
    drop subscription ${SUBSCRIPTION}`)
}

function explained(error: unknown): unknown {
  const code = codeOf(error)
  if (code === INSUFFICIENT_PRIVILEGE) {
    return failed(
      'may_not_subscribe',
      `the role of the target is not allowed to subscribe to another server: ${messageOf(error)}`,
      'as the master user of the target: grant pg_create_subscription to it (Postgres 16 or newer)',
    )
  }
  if (code !== CONNECTION_FAILURE && code !== QUERY_CANCELED) return error
  const why = code === QUERY_CANCELED ? `no answer within ${CONNECT_SECONDS} s` : messageOf(error)
  return failed(
    'source_not_reached_from_target',
    `the target cannot subscribe to the source: ${why}`,
    'let the target connect out to the source, and let the source admit its address',
    'or use another method: change-capture connects to both from this machine',
  )
}
