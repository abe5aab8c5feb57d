import {refused} from '../ports/errors.js'
import type {Heroku} from '../ports/ports.js'

/** Stands for the add-on, and its plan, of a source that is none of Heroku's. */
export const OUTSIDE = 'none'

export const isOutside = ({id}: {id: string}): boolean => id === OUTSIDE

/** Heroku, where the source is another Postgres: it has the apps, but no attachment of the source, and knows nothing of it. */
export const withoutAddon = (heroku: Heroku): Heroku => ({
  ...heroku,
  under: (signal, how) => withoutAddon(heroku.under(signal, how)),
  attachments: () => Promise.resolve([]),
  databases: () => Promise.resolve([]),
  databaseInfo: () => Promise.resolve({}),
  plannedMaintenance: () => Promise.resolve(null),
  destroyAddon: () =>
    Promise.reject(
      refused(
        'no_addon',
        'the source is not a Heroku add-on, and this plugin does not destroy it',
        'leave --destroy-source out',
      ),
    ),
})
