import {capturedTables, schemaChangeOf} from '../../capture/captured.js'
import {forgetMark} from '../../capture/sync-mark.js'
import {forgetSyncs} from '../../capture/touched.js'
import {deleteTouchedRows} from '../../capture/delete-touched.js'
import {isKeyed} from '../../capture/captured-table.js'
import {copyRows, type CopyWorld} from '../../copy/copy-rows.js'
import {copyObjects, emptyTarget, readPostData} from '../../copy/copy-schema.js'
import {copyLargeObjects} from '../../copy/large-objects.js'
import {neverVacuumed, vacuumCopied} from '../../copy/vacuum.js'
import {createFence, fenceTables} from '../../fence/fence.js'
import {inWindow} from '../../journal/in-window.js'
import {leaveNote, noteOf, requireNote} from '../../journal/notes.js'
import {forward, type Migration} from '../../runbook/migration.js'
import type {Step} from '../../runbook/step.js'

/** When the rows are copied: while the source is frozen, or while it is captured, or replicated, and the app goes on. */
export type CopyMode = 'captured' | 'frozen' | 'replicated'

const windowOf = (mode: CopyMode): Step['window'] => (mode === 'frozen' ? 'inside' : 'before')

/** What a copy belongs to: of an earlier freeze, or an earlier capture, it may have missed something since. */
const momentOf = async (migration: Migration, mode: CopyMode): Promise<string> =>
  (await requireNote(migration, mode)).at

export const isNoted =
  (mode: CopyMode, key: 'constraints' | 'copied' | 'rowsCopied'): Step['done'] =>
  async (migration) =>
    (await noteOf(migration, key))?.basis === (await momentOf(migration, mode))

export const noteCopied = async (migration: Migration, mode: CopyMode, key: 'constraints' | 'copied' | 'rowsCopied') =>
  leaveNote(migration, key, {basis: await momentOf(migration, mode)})

export const noteConstraints = (migration: Migration, mode: CopyMode): Promise<void> =>
  noteCopied(migration, mode, 'constraints')

export const copySchema = (mode: CopyMode): Step => ({
  id: 'copy-schema',
  title: 'Copy the schema',
  window: windowOf(mode),
  // The claim on the target is what empties it, once the app is back.
  undo: 'nothing',
  done: isNoted(mode, 'copied'),

  async run(migration) {
    if (mode === 'captured') await forgetMark(migration.source, migration.guard.source)
    await forgetSyncs(migration.target)
    await emptyTarget(migration.target, await requireNote(migration, 'targetBefore'))
    await raiseTarget(migration, {subscribed: mode === 'replicated'})
    const {statements, settingsLeft} = await copyObjects(migration)
    await noteCopied(migration, mode, 'copied')
    const left = settingsLeft.length > 0 ? `; settings the target does not allow: ${settingsLeft.join(', ')}` : ''
    return `${statements} statements of ${migration.schemaDump.tool}${left}`
  },
})

/**
 * The target takes no write but the tool's from the first table on. While the source takes writes it must not; and a source that is frozen
 * may have to be thawed when the target is out of reach.
 */
async function raiseTarget(migration: Migration, {subscribed}: {subscribed: boolean}): Promise<void> {
  const {target, guard, app} = migration
  const pass = await requireNote(migration, 'fenceKey')
  const message = `the new database of ${app} opens when the move to RDS is complete`
  await createFence(target, {pass, message, subscribed}, guard.target)
}

/** The same for tables that are there. */
export async function shutTarget(migration: Migration, how: {subscribed: boolean}): Promise<void> {
  const {target, guard} = migration
  await raiseTarget(migration, how)
  await fenceTables(target, {...migration, nobodyWaits: true}, guard.target)
}

export const copyAllRows = (mode: CopyMode): Step => ({
  id: 'copy-rows',
  title: 'Copy the rows and build the indexes',
  window: windowOf(mode),
  undo: 'nothing',
  done: isNoted(mode, 'rowsCopied'),

  async run(migration) {
    const {guard, signal} = migration
    const captured = mode === 'captured'
    const line = await lineOf(migration)
    const written = captured ? await whileWritten(migration) : {fencePass: await requireNote(migration, 'fenceKey')}
    const world = {...migration, ...line, guard: guard.target, ...written}
    const copying = copyRows(world, await readPostData(migration), signal)
    const {rows, bytes, tables, indexes} = await copying.catch(async (error: unknown) => {
      throw (captured ? await schemaChangeOf(forward(migration)) : undefined) ?? error
    })
    const large = mode === 'frozen' ? await copyLargeObjects({...migration, guard: guard.target}, signal) : 0
    await noteCopied(migration, mode, 'rowsCopied')
    return `${rows.toLocaleString('en')} rows of ${tables} tables, ${(bytes / 1e6).toFixed(1)} MB, ${indexes} indexes${large > 0 ? `, ${large} large objects` : ''}`
  },
})

/** As the preflight has measured it. */
export async function lineOf(migration: Migration): Promise<Pick<CopyWorld, 'lineBytesPerSecond'>> {
  const {bytesPerSecond} = (await noteOf(migration, 'line')) ?? {}
  return bytesPerSecond ? {lineBytesPerSecond: bytesPerSecond} : {}
}

/** Only while the app runs; in a window it is left to autovacuum. */
export const vacuumCopy: Step = {
  id: 'vacuum-copy',
  title: 'Vacuum the copy',
  window: 'before',
  undo: 'nothing',

  async done(migration) {
    return (await inWindow(migration)) || (await neverVacuumed(migration.target)).length === 0
  },

  async run(migration) {
    return `${await vacuumCopied(migration)} tables`
  },
}

/** Of tables that are written to: keys tell what changed between two snapshots; rows without a key must all be of one. */
async function whileWritten(migration: Migration): Promise<Pick<CopyWorld, 'atOnce' | 'deleteTouched' | 'fencePass'>> {
  const {tables, fencePass} = await capturedTables(forward(migration))
  const capturedAs = new Map(tables.flatMap((table) => table.partitions.map(({name}) => [name, table])))
  return {
    fencePass,
    atOnce: ({name}) => !isKeyed(capturedAs.get(name)!),
    deleteTouched: (to, name) => deleteTouchedRows({...forward(migration), fencePass}, to, capturedAs.get(name)!, name),
  }
}

declare module '../../journal/notes.js' {
  interface Notes {
    /** Which freeze, capture or replication the copied schema belongs to. */
    copied: {basis: string}
    /** The same of the copied rows and the indexes on them. */
    rowsCopied: {basis: string}
    /** The same of the built constraints. */
    constraints: {basis: string}
  }
}
