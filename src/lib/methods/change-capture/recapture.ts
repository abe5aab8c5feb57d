import {installCapture, releaseTables} from '../../capture/install.js'
import {schemaChanges, type SchemaChanges} from '../../capture/schema-changes.js'
import {withSyncLock} from '../../capture/sync-lock.js'
import {forgetTables} from '../../capture/touched.js'
import type {CapturedTable} from '../../capture/captured-table.js'
import {adaptSchema} from '../../copy/adapt-schema.js'
import {keepChunks} from '../../copy/chunk-state.js'
import {detachConstraints} from '../../copy/detach-constraints.js'
import {leaveNote, requireNote} from '../../journal/notes.js'
import {failed} from '../../ports/errors.js'
import type {Queryable} from '../../ports/ports.js'
import type {Migration} from '../../runbook/migration.js'

/** Tables by what became of them on the source. */
export interface Refreshed {
  come: string[]
  gone: string[]
  altered: string[]
}

/**
 * Brings capture and target to the source's present schema. New and altered tables are captured again and are empty on the target until the
 * copy continues; tables that are gone are dropped; the rest stays. Until the end the old shape is noted, which no sync takes for the
 * source's: killed anywhere, the same call does it again.
 */
export async function recaptureSchema(migration: Migration, shut: () => Promise<void>): Promise<Refreshed> {
  const {source, target, signal, guard, journal} = migration
  return withSyncLock(target, signal, async () => {
    const captured = await requireNote(migration, 'captured')
    const changes = await schemaChanges(source, captured.shape)
    await journal.forget(['rowsCopied', 'constraints'])
    await releaseTables(
      source,
      {gone: changes.gone, again: [...changes.come, ...changes.altered]},
      migration,
      guard.source,
    )
    await installCapture(source, migration, guard.source)
    const {tables, shape} = await unchanged(source, changes)

    await detachConstraints(target, guard.target)
    const again = changes.altered.flatMap(({partitions}) => partitions.map(({name}) => name))
    await adaptSchema(migration, new Set(again), async (session, kept) => {
      await session.query(guard.target)
      const standing = ({partitions}: CapturedTable) => partitions.every(({name}) => kept.has(name))
      await forgetTables(session, [...changes.gone, ...tables.filter((table) => !standing(table)).map(({oid}) => oid)])
      await keepChunks(session, [...kept])
    })
    await shut()
    await leaveNote(migration, 'captured', {at: captured.at, shape})
    return {
      come: changes.come.map(({name}) => name),
      gone: changes.gone.map((oid) => captured.shape.units[oid]!.relation),
      altered: [...changes.altered, ...changes.regrouped].map(({name}) => name),
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
    throw failed(
      'schema_changing',
      'the schema of the source changed again during the refresh',
      'run the same command again',
    )
  return now
}
