import {isSwitched, switchApp, switchBack} from '../../apps/switch.js'
import {requireNote} from '../../journal/notes.js'
import type {Step} from '../step.js'

/** Moves the config vars of every app: add-on kept under another name, its attachment detached, the URL of the target set. */
export const switchApps: Step = {
  id: 'switch-apps',
  title: 'Switch DATABASE_URL',
  window: 'inside',

  async undo(migration) {
    await Promise.all((await requireNote(migration, 'apps')).map((app) => switchBack(migration, app)))
  },

  async done(migration) {
    const apps = await requireNote(migration, 'apps')
    return (await Promise.all(apps.map((app) => isSwitched(migration, app)))).every(Boolean)
  },

  async run(migration) {
    const apps = await requireNote(migration, 'apps')
    const releases = await Promise.all(apps.map((app) => switchApp(migration, app)))
    return releases.join('; ')
  },
}
