import {allEnded} from '../../flow/all-ended.js'
import {keepNotes} from '../../fence/claim.js'
import {requireNote} from '../../journal/notes.js'
import {WINDOW_BEGINS} from '../../journal/in-window.js'
import {onceStarted, type Step} from '../step.js'

/** Shows the maintenance page on every app that shares the database. Stops the router and nothing else. */
export const enterMaintenance: Step = {
  id: WINDOW_BEGINS,
  title: 'Turn maintenance on',
  window: 'inside',
  changesApps: true,

  async undo(migration) {
    const apps = await requireNote(migration, 'apps')
    const quiet = apps.filter((app) => !app.maintenance && app.generation === 'cedar')
    await allEnded(quiet.map(({name}) => migration.heroku.setMaintenance(name, false)))
    const {source, guard} = migration
    await keepNotes(source, guard.source, null)
    await migration.journal.forget(['restored'])
  },

  done: onceStarted(WINDOW_BEGINS, async (migration) => {
    const apps = await pagesOf(migration)
    const now = await allEnded(apps.map((name) => migration.heroku.app(name)))
    return now.every(({maintenance}) => maintenance)
  }),

  async run(migration) {
    const apps = await pagesOf(migration)
    const {source, guard} = migration
    const notes = {apps: await requireNote(migration, 'apps')}
    await allEnded([
      keepNotes(source, guard.source, notes),
      ...apps.map((name) => migration.heroku.setMaintenance(name, true)),
    ])
    return apps.length > 0
      ? `on for ${apps.join(', ')}`
      : 'Fir apps have no maintenance mode; their dynos are stopped instead'
  },
}

/** Fir has no maintenance mode (Dev Center, maintenance-mode). */
const pagesOf = async (migration: Parameters<Step['run']>[0]): Promise<string[]> =>
  (await requireNote(migration, 'apps')).filter(({generation}) => generation === 'cedar').map(({name}) => name)
