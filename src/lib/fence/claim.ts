import {answerOf, type Question} from '../postgres/answers.js'
import {type Guard, guardOn, literal, OWN_SCHEMA} from '../postgres/catalog.js'
import {refused} from '../ports/errors.js'
import type {Queryable} from '../ports/ports.js'

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
export type Claimed = Pick<Claim, 'place' | 'target'>

export const CLAIMED: Question<Claimed> = {
  query: `select json_build_object('target', target, 'place', place) from ${OWN_SCHEMA}.claim`,
}

/** Writes the claim on the source, or refuses because it bears another target's. */
export async function claimSource(source: Queryable, claim: Claim): Promise<void> {
  const {target, place, epoch} = claim
  const write = `
    create schema if not exists ${OWN_SCHEMA};
    create table if not exists ${OWN_SCHEMA}.claim (
      target text not null,
      place text not null,
      epoch bigint not null,
      single boolean not null default true unique check (single));
    insert into ${OWN_SCHEMA}.claim (target, place, epoch)
      values (${literal(target)}, ${literal(place)}, ${Number(epoch)})
      on conflict do nothing`
  refuseOtherTarget(await answerOf(source, CLAIMED, `${write}; ${renewing(claim)}`), target)
}

/** Takes over an earlier claim of the same target; does nothing on a source that bears none. */
export async function renewClaim(source: Queryable, claim: Claim): Promise<void> {
  refuseOtherTarget(await answerOf(source, CLAIMED, renewing(claim)), claim.target)
}

const renewing = ({target, epoch}: Claim): string =>
  whereClaimed(`
    update ${OWN_SCHEMA}.claim
    set epoch = ${Number(epoch)}
    where target = ${literal(target)} and epoch <= ${Number(epoch)}`)

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
