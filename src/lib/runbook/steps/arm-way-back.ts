import {createFence, fenceState, fenceTables, unfencedTables} from '../../freeze/fence.js'
import {fingerprint} from '../../freeze/fingerprint.js'
import {unwatchedTables, watchWrites} from '../../way-back/landed-writes.js'
import {leaveNote, noteOf, requireNote} from '../notes.js'
import type {Step} from '../step.js'

/**
 * Closes the target to all but the tool, and makes it log from the first write on. Both must stand before the app learns
 * the new URL: whatever dyno or release phase starts early cannot write anywhere.
 */
export const armWayBack: Step = {
  id: 'arm-way-back',
  title: 'Fence the target and arm the way back',
  window: 'inside',
  // Undoing the copy drops the tables, and the triggers with them.
  undo: 'nothing',

  async done(migration) {
    const {target} = migration
    if (!(await noteOf(migration, 'armed')) || (await fenceState(target)) !== 'raised') return false
    return (await unfencedTables(target)).length === 0 && (await unwatchedTables(target)).length === 0
  },

  async run(migration) {
    const {target, app} = migration
    const key = await requireNote(migration, 'fenceKey')
    await createFence(target, {key, message: `the new database of ${app} opens when the move to RDS is complete`})
    const fenced = await fenceTables(target, migration)
    const watched = await watchWrites(target)
    await leaveNote(migration, 'armed', {fingerprint: await fingerprint(target)})
    return `${fenced} tables closed, ${watched} log their writes`
  },
}
