import {allEnded} from '../../flow/all-ended.js'
import type {AppBefore} from '../../apps/app.js'
import {startWriters, stillStopped, stopApp} from '../../apps/writers.js'
import {keepNotes} from '../../fence/claim.js'
import {fenceState, LOWER_FENCE, passBarrier, raiseFence} from '../../fence/fence.js'
import {fingerprintOf} from '../../fence/fingerprint.js'
import {describeWrites, landedSince} from '../../fence/landed-writes.js'
import {leaveNote, noteOf, requireNote} from '../../journal/notes.js'
import {failed, messageOf, refused} from '../../ports/errors.js'
import {endOtherSessions} from '../../postgres/sessions.js'
import {compareLargeObjects} from '../../verify/large-objects.js'
import {forward, type Migration} from '../migration.js'
import type {Step} from '../step.js'
import {enterMaintenance} from './enter-maintenance.js'
import {lookAtFences} from './gate.js'
import {everyAnswer} from '../../postgres/answers.js'
import {CLOCK} from '../../postgres/server-clock.js'

const GRACE_SECONDS = 5

/** Lowers the target's fence – journaled first – starts the dynos on the new release and shows the app again. */
export const open: Step = {
  id: 'open',
  title: 'Open: the app runs on the target',
  window: 'inside',
  changesApps: true,
  pointOfNoCheapReturn: true,

  async undo(migration) {
    await close(migration)
    await keepNotes(migration.source, migration.guard.source, {opened: null})
  },

  async done(migration) {
    const apps = await requireNote(migration, 'apps')
    if (!(await noteOf(migration, 'opened')) || (await fenceState(migration.target)) !== 'lowered') return false
    return (await allEnded(apps.map((app) => isBack(migration, app)))).every(Boolean)
  },

  async run(migration) {
    const {source, target, heroku, guard} = migration
    const apps = await requireNote(migration, 'apps')
    const openedBefore = (await noteOf(migration, 'opened')) !== undefined
    const {fence, thawed, open} = await lookAtFences(migration)
    if (thawed) throw thawed
    // What has landed since it was opened is the app's own; a run that was killed just here has lowered it.
    if (open && !openedBefore && fence !== 'lowered') throw open
    if (!openedBefore || fence !== 'lowered') {
      const {at} = await everyAnswer(target, {at: CLOCK}, `${guard.target}; ${LOWER_FENCE}`)
      if (!openedBefore) await leaveNote(migration, 'opened', {at})
    }

    const opened = await requireNote(migration, 'opened')
    await allEnded([
      keepNotes(source, guard.source, {opened}),
      ...apps.map(async (app) => {
        await startWriters(migration, app, {meanwhile: openedBefore})
        if (app.generation === 'cedar') await heroku.setMaintenance(app.name, app.maintenance)
      }),
    ])
    return `${apps.map(({name}) => name).join(', ')} on RDS; the source stays frozen as the way back`
  },
}

/** Nothing is stopped any more, and maintenance is as it was before the window. */
async function isBack({heroku}: Migration, app: AppBefore): Promise<boolean> {
  const [{maintenance}, preboot, formation] = await allEnded([
    heroku.app(app.name),
    heroku.preboot(app.name),
    heroku.formation(app.name),
  ])
  return maintenance === app.maintenance && preboot === app.preboot && stillStopped(app, formation).length === 0
}

/** The way back while nothing has been written to the target: stop, fence, prove it – or open again and refuse. */
async function close(migration: Migration): Promise<void> {
  const {target, guard} = migration
  if ((await fenceState(target)) === 'lowered') await refuseIfWritten(migration)
  await enterMaintenance.run(migration)
  await allEnded((await requireNote(migration, 'apps')).map((app) => stopApp(migration, app)))
  const fencePass = await requireNote(migration, 'fenceKey')
  await raiseFence(target, fencePass, 'the app is going back to Heroku Postgres', guard.target)
  await endOtherSessions(target)
  await passBarrier(target, {...migration, seconds: GRACE_SECONDS, nobodyWaits: true})
  try {
    await refuseIfWritten(migration)
  } catch (error) {
    await open.run(migration)
    throw failed('writes_landed', `${messageOf(error)}; the app runs on RDS again`)
  }
}

/** Rollback before writes loses nothing; after them it would, and says what. */
export async function refuseIfWritten(migration: Migration): Promise<void> {
  const {lastLanded} = await requireNote(migration, 'smoke')
  const [{landed, fingerprint}, large] = await allEnded([
    everyAnswer(migration.target, {landed: landedSince(lastLanded), fingerprint: fingerprintOf('owned')}),
    compareLargeObjects(forward(migration)),
  ])
  if (landed.length > 0) {
    throw refused(
      'writes_landed',
      `rolling back would lose what was written to RDS since the switch: ${describeWrites(landed)}`,
      'stay on RDS: the app runs there, and the source stays frozen',
    )
  }
  // No trigger fires for them, and the source is frozen: what differs was written to RDS.
  if (large.differences.length > 0) {
    throw refused(
      'writes_landed',
      `rolling back would lose large objects written to RDS since the switch: ${large.differences[0]}`,
      'stay on RDS: the app runs there, and the source stays frozen',
    )
  }
  if (fingerprint !== (await requireNote(migration, 'armed')).fingerprint) {
    throw refused(
      'schema_changed',
      'rolling back would lose a schema change made on RDS since the switch',
      'stay on RDS, or undo that change first',
    )
  }
}
