import {closing, fenceTables, UNFENCED, WRITABLE} from '../../fence/fence.js'
import {fingerprintOf} from '../../fence/fingerprint.js'
import {UNWATCHED, WATCH, watchTables} from '../../fence/landed-writes.js'
import {leaveNoteAtEnd, requireNote} from '../../journal/notes.js'
import {everyAnswer} from '../../postgres/answers.js'
import {namesOf} from '../../postgres/tables.js'
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
    const pass = await requireNote(migration, 'fenceKey')
    const message = `the new database of ${app} opens when the move to RDS is complete`
    const arm = `${guard.target}; ${closing({pass, message})}; ${WATCH}`
    const questions = {
      unfenced: UNFENCED,
      unwatched: UNWATCHED,
      tables: WRITABLE,
      fingerprint: fingerprintOf('owned'),
    }
    let armed = await everyAnswer(target, questions, arm)
    if (armed.unfenced.length + armed.unwatched.length > 0) {
      await fenceTables(target, {...migration, nobodyWaits: true}, guard.target, namesOf(armed.unfenced))
      await watchTables(target, namesOf(armed.unwatched), guard.target)
      armed = await everyAnswer(target, questions)
    }
    await leaveNoteAtEnd(migration, 'armed', {fingerprint: armed.fingerprint})
    return `${armed.tables.length} tables closed to all but this plugin; each logs its writes from now on`
  },
}
