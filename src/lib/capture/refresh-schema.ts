import {installCapture, releaseUnits} from './install.js'
import {schemaChanges, type SchemaChanges} from './schema-changes.js'
import {withSyncLock} from './sync-lock.js'
import {forgetUnits} from './touched.js'
import type {Unit} from './units.js'
import {adaptSchema} from '../copy/adapt-schema.js'
import {keepChunks} from '../copy/chunk-state.js'
import {detachConstraints} from '../copy/detach-constraints.js'
import {leaveNote, requireNote} from '../journal/notes.js'
import {failed} from '../ports/errors.js'
import type {Clock, Database, Journal, Queryable, SchemaDump} from '../ports/ports.js'
import type {Guard} from '../postgres/catalog.js'

export interface RefreshWorld {
  source: Database
  target: Database
  schemaDump: SchemaDump
  journal: Journal
  guard: {readonly source: Guard; readonly target: Guard}
  clock: Clock
  signal: AbortSignal
}

/** Tables by what became of them on the source. */
export interface Refreshed {
  come: string[]
  gone: string[]
  altered: string[]
}

/**
 * Makes capture and target what the source's schema is now. What came or was altered is captured anew and stands empty on the target,
 * for the copy to go on with; what is gone goes; all else stays. Until the end the old shape is noted, which no sync takes for the
 * source's: killed anywhere, the same call does it again.
 */
export async function recaptureSchema(migration: RefreshWorld, shut: () => Promise<void>): Promise<Refreshed> {
  const {source, target, signal, guard, journal} = migration
  return withSyncLock(target, signal, async () => {
    const captured = await requireNote(migration, 'captured')
    const changes = await schemaChanges(source, captured.shape)
    await journal.forget(['rowsCopied', 'constraints'])
    await releaseUnits(
      source,
      {gone: changes.gone, anew: [...changes.come, ...changes.altered]},
      migration,
      guard.source,
    )
    await installCapture(source, migration, guard.source)
    const {units, shape} = await unchanged(source, changes)

    await detachConstraints(target, guard.target)
    const anew = changes.altered.flatMap(({members}) => members.map(({relation}) => relation))
    await adaptSchema(migration, new Set(anew), async (session, kept) => {
      await session.query(guard.target)
      const standing = (unit: Unit) => unit.members.every(({relation}) => kept.has(relation))
      await forgetUnits(session, [...changes.gone, ...units.filter((unit) => !standing(unit)).map(({oid}) => oid)])
      await keepChunks(session, [...kept])
    })
    await shut()
    await leaveNote(migration, 'captured', {at: captured.at, shape})
    return {
      come: changes.come.map(({relation}) => relation),
      gone: changes.gone.map((oid) => captured.shape.units[oid]!.relation),
      altered: [...changes.altered, ...changes.regrouped].map(({relation}) => relation),
    }
  })
}

/** What the source looks like with its new capture, if nothing else has happened to it meanwhile. */
async function unchanged(source: Queryable, {shape, come, altered, regrouped}: SchemaChanges): Promise<SchemaChanges> {
  const now = await schemaChanges(source, shape)
  const expected = new Set([...come, ...altered, ...regrouped].map(({oid}) => oid))
  const others = now.altered.filter(
    ({oid}) => !expected.has(oid) || now.shape.units[oid]!.key !== shape.units[oid]!.key,
  )
  if (now.come.length + now.gone.length + now.regrouped.length + others.length > 0)
    throw failed('schema_changing', 'the schema of the source changed again meanwhile', 'run the same command again')
  return now
}
