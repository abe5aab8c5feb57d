import {capturedUnits, schemaChangeOf} from '../../capture/captured.js'
import {forgetSyncs} from '../../capture/touched.js'
import {settleKeys} from '../../capture/settle.js'
import {isKeyed} from '../../capture/units.js'
import {copyRows, type CopyWorld} from '../../copy/copy-rows.js'
import {copyObjects, emptyTarget, readPostData} from '../../copy/copy-schema.js'
import {copyLargeObjects} from '../../copy/large-objects.js'
import {neverVacuumed, vacuumCopied} from '../../copy/vacuum.js'
import {createFence, fenceTables} from '../../fence/fence.js'
import {inWindow} from '../../journal/in-window.js'
import {leaveNote, noteOf, requireNote} from '../../journal/notes.js'
import type {Migration} from '../../runbook/migration.js'
import type {Step} from '../../runbook/step.js'

/** When the rows are copied: while the source is frozen, or while it is captured, or replicated, and the app goes on. */
export type Basis = 'captured' | 'frozen' | 'replicated'

const windowOf = (basis: Basis): Step['window'] => (basis === 'frozen' ? 'inside' : 'before')

/** What a copy belongs to: of an earlier freeze, or an earlier capture, it may have missed something since. */
const momentOf = async (migration: Migration, basis: Basis): Promise<string> => (await requireNote(migration, basis)).at

export const isNoted =
  (basis: Basis, key: 'constraints' | 'copied' | 'rowsCopied'): Step['done'] =>
  async (migration) =>
    (await noteOf(migration, key))?.basis === (await momentOf(migration, basis))

export const note = async (migration: Migration, basis: Basis, key: 'constraints' | 'copied' | 'rowsCopied') =>
  leaveNote(migration, key, {basis: await momentOf(migration, basis)})

export const noteConstraints = (migration: Migration, basis: Basis): Promise<void> =>
  note(migration, basis, 'constraints')

export const copySchema = (basis: Basis): Step => ({
  id: 'copy-schema',
  title: 'Copy the schema',
  window: windowOf(basis),
  // The claim on the target is what empties it, once the app is back.
  undo: 'nothing',
  done: isNoted(basis, 'copied'),

  async run(migration) {
    await forgetSyncs(migration.target)
    await emptyTarget(migration.target, await requireNote(migration, 'targetBefore'))
    const {statements, settingsLeft} = await copyObjects(migration)
    if (basis !== 'frozen') await shutTarget(migration, {subscribed: basis === 'replicated'})
    await note(migration, basis, 'copied')
    const left = settingsLeft.length > 0 ? `; settings the target does not allow: ${settingsLeft.join(', ')}` : ''
    return `${statements} statements of ${migration.schemaDump.tool}${left}`
  },
})

/** While the source takes writes the target takes none, but for the tool's: at no moment do both. */
export async function shutTarget(migration: Migration, {subscribed}: {subscribed: boolean}): Promise<void> {
  const {target, guard, app} = migration
  const key = await requireNote(migration, 'fenceKey')
  const message = `the new database of ${app} opens when the move to RDS is complete`
  await createFence(target, {key, message, subscribed}, guard.target)
  await fenceTables(target, {...migration, nobodyWaits: true}, guard.target)
}

export const copyAllRows = (basis: Basis): Step => ({
  id: 'copy-rows',
  title: 'Copy the rows and build the indexes',
  window: windowOf(basis),
  undo: 'nothing',
  done: isNoted(basis, 'rowsCopied'),

  async run(migration) {
    const {guard, signal} = migration
    const captured = basis === 'captured'
    const world = {...migration, guard: guard.target, ...(captured ? await whileWritten(migration) : {})}
    const copying = copyRows(world, await readPostData(migration), signal)
    const {rows, bytes, tables, indexes} = await copying.catch(async (error: unknown) => {
      throw (captured ? await schemaChangeOf(migration) : undefined) ?? error
    })
    const large = basis === 'frozen' ? await copyLargeObjects({...migration, guard: guard.target}, signal) : 0
    await note(migration, basis, 'rowsCopied')
    return `${rows.toLocaleString('en')} rows of ${tables} tables, ${(bytes / 1e6).toFixed(1)} MB, ${indexes} indexes${large > 0 ? `, ${large} large objects` : ''}`
  },
})

/** While the app runs nobody waits for it; in a window it is left to autovacuum. */
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

/** Of tables that are written to: keys tell what changed between two moments; rows without a key must all be of one. */
async function whileWritten(migration: Migration): Promise<Pick<CopyWorld, 'atOnce' | 'key' | 'settle'>> {
  const {units, key} = await capturedUnits(migration)
  const unitOf = new Map(units.flatMap((unit) => unit.members.map(({relation}) => [relation, unit])))
  return {
    key,
    atOnce: ({identifier}) => !isKeyed(unitOf.get(identifier)!),
    settle: (to, {identifier}) => settleKeys({...migration, key}, to, unitOf.get(identifier)!, identifier),
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
