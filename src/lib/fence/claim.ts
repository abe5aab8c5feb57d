import {answerOf, type Question} from '../postgres/answers.js'
import {type Guard, guardOn, literal, MAKE_OWN_SCHEMA, OWN_SCHEMA} from '../postgres/catalog.js'
import {refused} from '../ports/errors.js'
import type {Queryable, Undone} from '../ports/ports.js'

/*
 * Who may move this source. The lock on the target keeps operators apart, but a process can lose its lock and not know it,
 * and two targets have two locks. So the source bears the name of its one target, and every change of a fence says, in
 * its own transaction, that its operator is still the latest.
 */

export interface Claim {
  /** Identity of the target. */
  target: string
  /** The same, fit to print. */
  place: string
  /** Grows with every operator that takes over, as text. */
  epoch: string
}

export const sourceGuard = ({target, epoch}: Claim): Guard =>
  guardOn('claim', `target = ${literal(target)} and epoch = ${Number(epoch)}`)

/** What a source bears. */
export interface Claimed extends Claim {
  /** What the way back did while the target, with the journal, could not be reached. */
  undone: Undone | null
  /** Notes of a window that is under way, or came to its end on the target: what the journal would have lost, were it restored to an earlier state. */
  window: Record<string, unknown> | null
}

export const CLAIMED: Question<Claimed> = {
  query: `
    select json_build_object(
      'target', target, 'place', place, 'epoch', epoch::text, 'undone', undone, 'window', "window")
    from ${OWN_SCHEMA}.claim`,
}

/** No operator ever had a later one: a claim that bears it was tampered with, and is no hindrance. */
const LAST_EPOCH = 1e12

/** The epoch that whoever takes over has to exceed: the journal may have been restored to an earlier state than the claim. */
export const epochOf = (claimed: Claimed | undefined): number => {
  const epoch = Number(claimed?.epoch ?? 0)
  return epoch > LAST_EPOCH ? 0 : epoch
}

/** Writes the claim on the source, or refuses because it bears another target's. */
export async function claimSource(source: Queryable, claim: Claim): Promise<void> {
  const {target, place, epoch} = claim
  const write = `
    ${MAKE_OWN_SCHEMA};
    create table if not exists ${OWN_SCHEMA}.claim (
      target text not null,
      place text not null,
      epoch bigint not null,
      undone json,
      "window" jsonb,
      single boolean not null default true unique check (single));
    insert into ${OWN_SCHEMA}.claim (target, place, epoch)
      values (${literal(target)}, ${literal(place)}, ${Number(epoch)})
      on conflict do nothing`
  refuseOtherTarget(await answerOf(source, CLAIMED, `${write}; ${renewing(claim)}`), target)
}

/** Takes over an earlier claim of the same target, and returns it; does nothing on a source that bears none. */
export async function renewClaim(source: Queryable, claim: Claim): Promise<Claimed | undefined> {
  const claimed = await answerOf(source, CLAIMED, renewing(claim))
  refuseOtherTarget(claimed, claim.target)
  return claimed
}

/** SQL that keeps notes of the window on the source as well; null forgets them all. */
export const keepingNotes = (notes: Record<string, unknown> | null): string =>
  whereClaimed(`
    update ${OWN_SCHEMA}.claim
    set "window" = ${notes ? `coalesce("window", '{}') || ${literal(JSON.stringify(notes))}` : 'null'}`)

/** The same in a message of its own; nothing where the claim has been taken off again. */
export async function keepNotes(source: Queryable, guard: Guard, notes: Record<string, unknown> | null): Promise<void> {
  await source.query(`${whereClaimed(guard)}; ${keepingNotes(notes)}`)
}

const renewing = ({target, epoch}: Claim): string =>
  whereClaimed(`
    update ${OWN_SCHEMA}.claim
    set epoch = ${Number(epoch)}
    where target = ${literal(target)} and (epoch <= ${Number(epoch)} or epoch > ${LAST_EPOCH})`)

/** Leaves on the source what the journal has to be told, for whoever opens this migration next; null when it has been. */
export async function leaveUndone(source: Queryable, guard: Guard, undone: Undone | null): Promise<void> {
  const value = undone ? literal(JSON.stringify(undone)) : 'null'
  await source.query(`${whereClaimed(guard)}; ${whereClaimed(`update ${OWN_SCHEMA}.claim set undone = ${value}`)}`)
}

const whereClaimed = (statement: string): string =>
  `do ${literal(`begin
    if to_regclass('${OWN_SCHEMA}.claim') is not null then execute ${literal(statement)}; end if;
  end`)}`

/** Fails when another operator has taken over; a claim that has been taken off again was ours. */
export async function assertClaimed(source: Queryable, guard: Guard): Promise<void> {
  await source.query(whereClaimed(guard))
}

/** Refuses a source that bears another target's claim. */
export function refuseOtherTarget(claimed: Claimed | undefined, target: string): void {
  if (!claimed || claimed.target === target) return
  throw refused(
    'other_target',
    `this source is being moved to another target, ${claimed.place}`,
    'name that target in RDS_DATABASE_URL; to use another, first give that migration up with heroku rds:start --abandon',
  )
}

/** Takes the claim, and our schema, off the source; `guard`: only that of the latest operator. */
export async function dropClaim(source: Queryable, guard?: Guard): Promise<void> {
  await source.query(
    `${guard ? whereClaimed(guard) : ''}; drop table if exists ${OWN_SCHEMA}.claim; drop schema if exists ${OWN_SCHEMA}`,
  )
}
