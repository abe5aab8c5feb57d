import {createFence, fenceTables} from '../../fence/fence.js'
import {fingerprint} from '../../fence/fingerprint.js'
import {watchWrites} from '../../fence/landed-writes.js'
import {leaveNote, requireNote} from '../../journal/notes.js'
import {never, type Step} from '../step.js'

/**
 * Closes the target to all but the tool, and makes it log from the first write on. Both must stand before the app learns
 * the new URL: a dyno or release phase that starts early cannot write anywhere.
 */
export const armWayBack: Step = {
  id: 'arm-way-back',
  title: 'Fence the target and arm the way back',
  window: 'inside',
  // Undoing the copy drops the tables, and the triggers with them.
  undo: 'nothing',

  // Every run takes the fingerprint again: a resumed one has refreshed and analyzed since.
  done: never,

  async run(migration) {
    const {target, app, guard} = migration
    const fencePass = await requireNote(migration, 'fenceKey')
    const message = `the new database of ${app} opens when the move to RDS is complete`
    await createFence(target, {pass: fencePass, message}, guard.target)
    await fenceTables(target, {...migration, nobodyWaits: true}, guard.target)
    const tables = await watchWrites(target, guard.target)
    await leaveNote(migration, 'armed', {fingerprint: await fingerprint(target, 'owned')})
    return `${tables} tables closed to all but this plugin; each logs its writes from now on`
  },
}
