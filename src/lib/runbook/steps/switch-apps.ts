import {allEnded} from '../../flow/all-ended.js'
import {isSwitched, switchApp, switchBack} from '../../apps/switch.js'
import {requireNote} from '../../journal/notes.js'
import type {Step} from '../step.js'

/** Moves the config vars of every app: add-on kept under another name, its attachment detached, the URL of the target set. */
export const switchApps: Step = {
  id: 'switch-apps',
  title: 'Switch DATABASE_URL',
  window: 'inside',

  async undo(migration) {
    await allEnded((await requireNote(migration, 'apps')).map((app) => switchBack(migration, app)))
  },

  async done(migration) {
    const apps = await requireNote(migration, 'apps')
    return (await allEnded(apps.map((app) => isSwitched(migration, app)))).every(Boolean)
  },

  async run(migration) {
    const apps = await requireNote(migration, 'apps')
    const releases = await allEnded(apps.map((app) => switchApp(migration, app)))
    return releases.join('; ')
  },
}
