import {copyConstraints} from '../copy/constraints.js'
import {copyObjects, emptyTarget, readPostData} from '../copy/copy-schema.js'
import {copyLargeObjects} from '../copy/large-objects.js'
import {copyRows} from '../copy/copy-rows.js'
import {leaveNote, noteOf, requireNote} from '../runbook/notes.js'
import type {Step} from '../runbook/step.js'
import type {Method} from './method.js'

/** The playbook's planning rule: an hour for 15 to 25 GB, indexes included. */
const BYTES_PER_SECOND = (20 * 1024 ** 3) / 3600
const VERIFY_SHARE = 0.2

/** Done in the freeze that is in force: what was copied in an earlier one may have changed since. */
const isNoted =
  (key: 'constraints' | 'copied' | 'rowsCopied'): Step['done'] =>
  async (migration) =>
    (await noteOf(migration, key))?.frozenAt === (await requireNote(migration, 'frozen')).at

const copySchema: Step = {
  id: 'copy-schema',
  title: 'Copy the schema',
  window: 'inside',
  // The claim on the target is what empties it, once the app is back.
  undo: 'nothing',

  done: isNoted('copied'),

  async run(migration) {
    await emptyTarget(migration.target, await requireNote(migration, 'targetBefore'))
    const {statements, settingsLeft} = await copyObjects(migration)
    await leaveNote(migration, 'copied', {frozenAt: (await requireNote(migration, 'frozen')).at})
    const left = settingsLeft.length > 0 ? `; settings the target does not allow: ${settingsLeft.join(', ')}` : ''
    return `${statements} statements of ${migration.schemaDump.tool}${left}`
  },
}

const copyAllRows: Step = {
  id: 'copy-rows',
  title: 'Copy the rows and build the indexes',
  window: 'inside',
  undo: 'nothing',
  done: isNoted('rowsCopied'),

  async run(migration) {
    const {guard, signal} = migration
    const {rows, bytes, tables, indexes} = await copyRows(
      {...migration, guard: guard.target},
      await readPostData(migration),
      signal,
    )
    const large = await copyLargeObjects({...migration, guard: guard.target}, signal)
    await leaveNote(migration, 'rowsCopied', {frozenAt: (await requireNote(migration, 'frozen')).at})
    return `${rows.toLocaleString('en')} rows of ${tables} tables, ${(bytes / 1e6).toFixed(1)} MB, ${indexes} indexes${large > 0 ? `, ${large} large objects` : ''}`
  },
}

const buildConstraints: Step = {
  id: 'build-constraints',
  title: 'Build constraints and triggers',
  window: 'inside',
  undo: 'nothing',
  done: isNoted('constraints'),

  async run(migration) {
    const {statements, foreignKeys} = await copyConstraints(migration, await readPostData(migration), migration.signal)
    await leaveNote(migration, 'constraints', {frozenAt: (await requireNote(migration, 'frozen')).at})
    return `${foreignKeys} foreign keys validated, ${statements} statements of ${migration.schemaDump.tool}`
  },
}

/** Copies everything while the source is frozen: the simplest method, and the slowest window. */
export const dumpRestore: Method = {
  id: 'dump-restore',
  title: 'Dump and restore',
  available: true,
  obstacles: () => [],
  drain: [copySchema, copyAllRows, buildConstraints],

  estimate({source}) {
    const indexBytes = Number(source.indexBytes)
    const rowBytes = Number(source.bytes) - indexBytes
    const at = (bytes: number) => Math.ceil(bytes / BYTES_PER_SECOND)
    const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`
    return [
      {step: copyAllRows.id, what: `copy ${gigabytes(rowBytes)} of rows at 20 GB an hour`, seconds: at(rowBytes)},
      {
        step: buildConstraints.id,
        what: `build ${gigabytes(indexBytes)} of indexes at the same rate`,
        seconds: at(indexBytes),
      },
      {step: 'verify', what: 'verify every row', seconds: Math.ceil(at(rowBytes) * VERIFY_SHARE)},
    ]
  },
}
