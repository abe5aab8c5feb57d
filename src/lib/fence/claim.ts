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

/** Writes the claim on the source, or refuses because it bears another target's. */
export async function claimSource(source: Queryable, {target, place, epoch}: Claim): Promise<void> {
  await source.query(`
    create schema if not exists ${OWN_SCHEMA};
    create table if not exists ${OWN_SCHEMA}.claim (
      target text not null,
      place text not null,
      epoch bigint not null,
      single boolean not null default true unique check (single))`)
  await source.query(
    `insert into ${OWN_SCHEMA}.claim (target, place, epoch) values ($1, $2, $3) on conflict do nothing`,
    [target, place, epoch],
  )
  await renewClaim(source, {target, place, epoch})
}

/** Takes over an earlier claim of the same target; does nothing on a source that bears none. */
export async function renewClaim(source: Queryable, {target, epoch}: Claim): Promise<void> {
  await refuseOtherTarget(source, target)
  if (!(await isClaimed(source))) return
  await source.query(`update ${OWN_SCHEMA}.claim set epoch = $2 where target = $1 and epoch <= $2`, [target, epoch])
}

async function isClaimed(source: Queryable): Promise<boolean> {
  const row = await source.queryOne<{there: boolean}>(`select to_regclass('${OWN_SCHEMA}.claim') is not null as there`)
  return row.there
}

/** Fails when another operator has taken over; a claim that has been taken off again was ours. */
export async function assertClaimed(source: Queryable, guard: Guard): Promise<void> {
  if (await isClaimed(source)) await source.query(guard)
}

/** Refuses a source that bears another target's claim. */
export async function refuseOtherTarget(source: Queryable, target: string): Promise<void> {
  if (!(await isClaimed(source))) return
  const [claim] = await source.query<{target: string; place: string}>(`select target, place from ${OWN_SCHEMA}.claim`)
  if (!claim || claim.target === target) return
  throw refused(
    'other_target',
    `this source is being moved to another target, ${claim.place}`,
    'name that target in RDS_DATABASE_URL; to use another, first give that migration up with heroku rds:start --abandon',
  )
}

/** Takes the claim, and our schema, off the source. */
export async function dropClaim(source: Queryable): Promise<void> {
  await source.query(`drop table if exists ${OWN_SCHEMA}.claim; drop schema if exists ${OWN_SCHEMA}`)
}
