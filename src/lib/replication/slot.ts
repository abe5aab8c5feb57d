import {createHash} from 'node:crypto'

import {answerOf, type Question} from '../postgres/answers.js'
import {OWN_SCHEMA} from '../postgres/catalog.js'
import {failed, type RdsError} from '../ports/errors.js'
import type {Clock, Queryable} from '../ports/ports.js'
import {waitFor} from '../flow/wait.js'
import {codeOf, OBJECT_IN_USE, UNDEFINED_OBJECT} from '../postgres/sqlstate.js'

/*
 * The slot makes the source keep its log until the target has taken it. It is made by the copy, whose rows belong to the moment at
 * which the slot begins; one that is left behind fills the disk of the source.
 */

/** Slots have one name space per server, on which other databases may be on the move as well. */
export const slotFor = ({target}: {target: string}): string =>
  `${OWN_SCHEMA}_${createHash('sha256').update(target).digest('hex').slice(0, 16)}`

/** SQL condition on `pg_replication_slots`: a source has one target, so every slot of our name belongs to this migration. */
export const OUR_SLOT = `
  slot_name like '${OWN_SCHEMA.replace('_', '\\_')}\\_%'
  and database = current_database()
  and not temporary`

export interface SlotState {
  name: string
  /** A session is reading it. */
  active: boolean
  /** Up to where the target has said that it keeps everything. */
  confirmed: string
  /** Of the log of the source, behind that. */
  behind: number
}

/** Left out where there is none, or none that can still be read. */
export const SLOT: Question<SlotState> = {
  query: `
    select json_build_object('name', slot_name, 'active', active, 'confirmed', confirmed_flush_lsn::text,
      'behind', pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn))
    from pg_replication_slots
    where ${OUR_SLOT}
      and confirmed_flush_lsn is not null
      and wal_status is distinct from 'lost'`,
}

/** The same, asked. */
export const slotState = (source: Queryable): Promise<SlotState | undefined> => answerOf(source, SLOT)

export const slotLost = (): RdsError =>
  failed(
    'slot_lost',
    'the replication slot is gone, and with it the changes the target had not received; a failover or max_slot_wal_keep_size can remove a slot',
    'heroku rds:start copies again',
  )

const DROP_SECONDS = 30

/** Drops the slot, and ends the session that reads it: a target that is gone may still hold it. */
export async function dropSlots(source: Queryable, patience: {clock: Clock; signal: AbortSignal}): Promise<void> {
  const wait = {what: 'the replication slot on the source to be dropped', seconds: DROP_SECONDS}
  await waitFor(patience, wait, async () => {
    const slots = await source.query<{name: string}>(`
      select slot_name as name, pg_terminate_backend(active_pid) from pg_replication_slots where ${OUR_SLOT}`)
    for (const {name} of slots) {
      await source.query('select pg_drop_replication_slot($1)', [name]).catch((error: unknown) => {
        if (![OBJECT_IN_USE, UNDEFINED_OBJECT].includes(codeOf(error))) throw error
      })
    }
    return slots.length === 0 || undefined
  })
}
