import {attachConstraints, copyConstraints, validateChecks} from '../../copy/constraints.js'
import {readPostData} from '../../copy/copy-schema.js'
import {detachConstraints} from '../../copy/detach-constraints.js'
import {validateForeignKeys} from '../../copy/foreign-keys.js'
import {allEnded} from '../../flow/all-ended.js'
import {inWindow} from '../../journal/in-window.js'
import {requireNote} from '../../journal/notes.js'
import {refreshDerived} from '../../runbook/derived.js'
import type {Migration} from '../../runbook/migration.js'
import {messageOf} from '../../ports/errors.js'
import {everyAnswer} from '../../postgres/answers.js'
import {FILLED_TABLES, type Tried, trySelfUpdates} from '../../runbook/self-updates.js'
import {keepingSequences, moveSequences, POSITIONS, sequencePositions} from '../../verify/sequences.js'
import {isNoted, noteConstraints, type CopyMode} from './copy.js'
import {BUT_LARGE_OBJECTS, refuseOtherObjects} from './objects.js'
import {never, type Step} from '../../runbook/step.js'

export const buildConstraints: Step = {
  id: 'build-constraints',
  title: 'Build constraints and triggers',
  window: 'inside',
  undo: 'nothing',
  done: isNoted('frozen', 'constraints'),

  async run(migration) {
    const {statements, foreignKeys} = await copyConstraints(migration, await readPostData(migration), migration.signal)
    await noteConstraints(migration, 'frozen')
    return `${foreignKeys} foreign keys validated, ${statements} statements of ${migration.schemaDump.tool}`
  },
}

/**
 * Foreign keys hold for every write from now on. Whether they hold for the rows that are there was tried before the window, and
 * those rows are proven to be the source's: looking at all of them again would make the window grow with the database.
 */
export const attachConstraintsStep: Step = {
  id: 'attach-constraints',
  title: 'Attach foreign keys, triggers and rules',
  window: 'inside',
  // The next sync takes them off again.
  undo: 'nothing',
  done: never,

  async run(migration) {
    const {statements, foreignKeys} = await attachConstraints(
      migration,
      await readPostData(migration),
      migration.signal,
    )
    return `${foreignKeys} foreign keys enforced, ${statements} statements`
  },
}

export const validateConstraints: Step = {
  id: 'validate-constraints',
  title: 'Validate foreign keys and checks while the app runs',
  window: 'after',
  undo: 'nothing',
  done: never,

  async run(migration) {
    const {foreignKeys, checks} = await readPostData(migration)
    const unmet = await validateChecks(migration, checks, migration.signal)
    const validated = await validateForeignKeys(migration, foreignKeys, migration)
    return [
      `${validated} foreign keys and ${checks.length - unmet.length} checks validated; reads and writes went on`,
      ...unmet.map(
        ({check: {kind, on, name}, error}) => `${name} of ${kind} ${on} holds for new rows only: ${messageOf(error)}`,
      ),
    ].join('; ')
  },
}

/** Everything that could fail in the window when constraints are attached, or when the app writes then, fails here, while the app runs. */
export const tryConstraints = (basis: CopyMode): Step => ({
  id: 'try-constraints',
  title: 'Try foreign keys, triggers and rules on the target',
  window: 'before',
  undo: 'nothing',
  done: async (migration) => (await inWindow(migration)) || isNoted(basis, 'constraints')(migration),

  async run(migration) {
    const {target, guard, signal} = migration
    const {statements, foreignKeys} = await copyConstraints(migration, await readPostData(migration), signal)
    const {written, ruled} = await tryAttached(migration, basis).finally(() => detachConstraints(target, guard.target))
    await noteConstraints(migration, basis)
    return [
      `${foreignKeys} foreign keys hold, ${statements} statements pass`,
      `${written} tables take a row that is written back onto itself`,
      ...(ruled.length > 0 ? [`refused on the source as well: ${ruled.join(', ')}`] : []),
      'taken off again until the window',
    ].join('; ')
  },
})

/** Everything is there that the window will have. The app's code finds sequences and materialized views as they will be then. */
async function tryAttached(migration: Migration, basis: CopyMode): Promise<Tried> {
  const {source, target} = migration
  await refuseOtherObjects(migration, basis, BUT_LARGE_OBJECTS)
  const fencePass = await requireNote(migration, 'fenceKey')
  await refreshDerived(migration, 'missing')
  const [needed, {positions, filled}] = await allEnded([
    sequencePositions(source),
    everyAnswer(target, {positions: POSITIONS, filled: FILLED_TABLES}),
  ])
  const trying = async () => {
    await moveSequences(target, needed, positions)
    return trySelfUpdates(migration, fencePass, filled)
  }
  return keepingSequences(target, trying, positions)
}
