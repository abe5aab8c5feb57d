import {refused} from '../ports/errors.js'
import type {Heroku, HerokuUnderLock} from '../ports/ports.js'

/** Stands for the add-on, and its plan, of a source that is none of Heroku's. */
export const OUTSIDE = 'none'

export const isOutside = ({id}: {id: string}): boolean => id === OUTSIDE

const NO_ADDON: Pick<Heroku, 'attachments' | 'databaseInfo' | 'databases' | 'plannedMaintenance'> = {
  attachments: () => Promise.resolve([]),
  databases: () => Promise.resolve([]),
  databaseInfo: () => Promise.resolve({}),
  plannedMaintenance: () => Promise.resolve(null),
}

/** Heroku, where the source is another Postgres: it has the apps, but no attachment of the source, and knows nothing of it. */
export const withoutAddon = (heroku: Heroku): Heroku => ({
  ...heroku,
  ...NO_ADDON,
  under: (signal, how) => withoutAddon(heroku.under(signal, how)),
  underLock: (signal, guard) => lockedWithoutAddon(heroku.underLock(signal, guard)),
})

const lockedWithoutAddon = (heroku: HerokuUnderLock): HerokuUnderLock => ({
  ...heroku,
  ...NO_ADDON,
  under: (signal, how) => lockedWithoutAddon(heroku.under(signal, how)),
  destroyAddon: () =>
    Promise.reject(
      refused(
        'no_addon',
        'the source is not a Heroku add-on, and this plugin does not destroy it',
        'leave --destroy-source out',
      ),
    ),
})
