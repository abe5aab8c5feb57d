import {allEnded} from '../../flow/all-ended.js'
import {ensureReleased} from '../../apps/releases.js'
import {isStopped, stopApp, startWriters} from '../../apps/writers.js'
import {requireNote} from '../../journal/notes.js'
import {onceStarted, type Step} from '../step.js'

const ID = 'stop-writers'

/** Scales every app to 0 and stops one-off and Scheduler dynos. A writer that is left meets the fence in the next step. */
export const stopWriters: Step = {
  id: ID,
  title: 'Stop the writers',
  window: 'inside',
  changesApps: true,

  async undo(migration) {
    const apps = await requireNote(migration, 'apps')
    await allEnded(
      apps.map(async (app) => {
        await ensureReleased(migration, app)
        await startWriters(migration, app, {meanwhile: true})
      }),
    )
  },

  done: onceStarted(ID, async (migration) => {
    const apps = await requireNote(migration, 'apps')
    return (await allEnded(apps.map((app) => isStopped(migration, app)))).every(Boolean)
  }),

  async run(migration) {
    const apps = await requireNote(migration, 'apps')
    const stopped = await allEnded(apps.map((app) => stopApp(migration, app)))
    return stopped.join('; ')
  },
}
