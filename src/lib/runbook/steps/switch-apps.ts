import {allEnded} from '../../flow/all-ended.js'
import {isSwitched, switchApp} from '../../apps/switch.js'
import {switchBack} from '../../apps/switch-back.js'
import {requireNote} from '../../journal/notes.js'
import {onceStarted, type Step} from '../step.js'

const ID = 'switch-apps'

/** Moves the config vars of every app: add-on kept under another name, its attachment detached, the URL of the target set. */
export const switchApps: Step = {
  id: ID,
  title: 'Switch DATABASE_URL',
  window: 'inside',
  changesApps: true,

  async undo(migration) {
    await allEnded((await requireNote(migration, 'apps')).map((app) => switchBack(migration, app)))
  },

  done: onceStarted(ID, async (migration) => {
    const apps = await requireNote(migration, 'apps')
    return (await allEnded(apps.map((app) => isSwitched(migration, app)))).every(Boolean)
  }),

  async run(migration) {
    const apps = await requireNote(migration, 'apps')
    const switched = await allEnded(apps.map((app) => switchApp(migration, app)))
    return switched.join('; ')
  },
}
