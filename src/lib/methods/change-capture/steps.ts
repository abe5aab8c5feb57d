import {capturedTables} from '../../capture/captured.js'
import {catchUp} from '../../capture/catch-up.js'
import {forgetCopied} from '../../capture/copied-rows.js'
import {syncFrozen, syncLive} from '../../capture/follow.js'
import {installCapture, removeCapture, uncaptured} from '../../capture/install.js'
import {shapeOf} from '../../capture/shape.js'
import {prepareTouched, unprepared} from '../../capture/touched.js'
import {tablesToCapture} from '../../capture/captured-table.js'
import {copyLargeObjects, removeLargeObjects} from '../../copy/large-objects.js'
import {allEnded} from '../../flow/all-ended.js'
import {inWindow} from '../../journal/in-window.js'
import {leaveNote, noteOf} from '../../journal/notes.js'
import {REPAIR} from './verify.js'
import {BUT_DETACHED, refuseOtherObjects} from '../shared/objects.js'
import {clearTheWay, prepareWindow} from '../shared/prepare-window.js'
import {failed} from '../../ports/errors.js'
import {refreshDerived} from '../../runbook/derived.js'
import {forward} from '../../runbook/migration.js'
import {never, type Step} from '../../runbook/step.js'
import {refuseDifferences} from '../../runbook/steps/verify.js'
import {verifyTouchedLive, verifyWhileLive} from '../../verify/live.js'
import {describeDifferences} from '../../verify/locate.js'
import {serverClock} from '../../postgres/server-clock.js'

export const installCaptureStep: Step = {
  id: 'install-capture',
  title: 'Capture changes on the source',
  window: 'before',

  async undo({source, guard, journal, ...patience}) {
    await removeCapture(source, patience, guard.source)
    await journal.forget(['captured'])
  },

  /** Once noted, a missing trigger is a change of the schema, for the next sync to refuse: installing it again would hide it. */
  async done(migration) {
    return (await noteOf(migration, 'captured')) !== undefined
  },

  async run(migration) {
    const {source, guard} = migration
    const tables = await installCapture(source, migration, guard.source)
    const captured = await tablesToCapture(source)
    if ((await uncaptured(source, captured)).length > 0)
      throw failed('table_appeared', 'a table was created while capture was installed', 'run the same command again')
    const at = await serverClock(source)
    await leaveNote(migration, 'captured', {at, shape: await shapeOf(source, captured)})
    return `${tables} tables note what is written to them`
  },
}

export const beginFollowing: Step = {
  id: 'begin-following',
  title: 'Apply the changes made during the copy',
  window: 'before',
  undo: 'nothing',

  async done(migration) {
    if (await inWindow(migration)) return true
    const {tables} = await capturedTables(forward(migration))
    return (await unprepared(migration.target, tables)).length === 0
  },

  async run(migration) {
    const captured = await capturedTables(forward(migration))
    const tables = await unprepared(migration.target, captured.tables)
    await forgetCopied(forward(migration), tables)
    await prepareTouched(migration.target, tables, migration.guard.target)
    const synced = await syncLive({...forward(migration), ...captured})
    migration.operator.following({...synced, equal: true})
    return `${synced.entries.toLocaleString('en')} changes`
  },
}

export const catchUpStep: Step = {
  id: 'catch-up',
  title: 'Catch up with the source',
  window: 'before',
  undo: 'nothing',
  done: inWindow,

  async run(migration) {
    const captured = await capturedTables(forward(migration))
    await removeLargeObjects(migration.target)
    await catchUp({...forward(migration), ...captured})
    await refuseOtherObjects(migration, 'captured', BUT_DETACHED)
    const views = await refreshDerived(migration)
    await prepareWindow(migration)
    let touched = await verifyTouchedLive(forward(migration), captured)
    refuseDifferences(touched.differences)
    if (touched.whole.size > 0) {
      const {differences} = await verifyWhileLive(forward(migration), captured, {only: touched.whole})
      refuseDifferences(describeDifferences(differences), REPAIR)
      // That took as long as those tables are large; meanwhile others were touched.
      touched = await verifyTouchedLive(forward(migration), captured)
      refuseDifferences(touched.differences)
    }
    await clearTheWay(migration)
    await catchUp({...forward(migration), ...captured})
    return `every object is there; ${touched.keys.toLocaleString('en')} keys touched since the verification are equal; the last sync left nothing; ${views} materialized views refreshed`
  },
}

/** A snapshot taken after the fence and its barrier sees all that was ever committed; when nothing of it is left in the log, all has arrived. */
export const drainLog: Step = {
  id: 'drain',
  title: 'Drain the last changes',
  window: 'inside',
  undo: 'nothing',
  done: never,

  async run(migration) {
    const [{entries, syncNumber}, large] = await allEnded([
      syncFrozen(forward(migration)),
      copyLargeObjects({...migration, guard: migration.guard.target}, migration.signal),
    ])
    const objects = large > 0 ? `, ${large} large objects` : ''
    return `${entries.toLocaleString('en')} last changes${objects}; sync ${syncNumber}, of a snapshot after the freeze, left nothing`
  },
}
