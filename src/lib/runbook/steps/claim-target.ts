import {forgetSyncs} from '../../capture/touched.js'
import {emptyTarget, targetBefore} from '../../copy/copy-schema.js'
import {newPass, removeFence} from '../../fence/fence.js'
import {leaveNote, noteOf} from '../../journal/notes.js'
import type {Step} from '../step.js'

/** Records what the target is made of before us, so that undoing drops what we made and nothing else. */
export const claimTarget: Step = {
  id: 'claim-target',
  title: 'Claim the empty target',
  window: 'before',

  async undo(migration) {
    const before = await noteOf(migration, 'targetBefore')
    if (!before) return
    await forgetSyncs(migration.target)
    await emptyTarget(migration.target, before)
    await removeFence(migration.target, migration, migration.guard.target)
    await migration.journal.forget(['targetBefore'])
  },

  async done(migration) {
    return (await noteOf(migration, 'targetBefore')) !== undefined
  },

  async run(migration) {
    const before = await targetBefore(migration.target)
    await leaveNote(migration, 'fenceKey', newPass())
    await leaveNote(migration, 'targetBefore', before)
    return `${migration.target.place} is empty; everything created there from now on belongs to the copy`
  },
}
