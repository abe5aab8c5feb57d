import {failed} from '../ports/errors.js'

/** Aborts at the first Ctrl-C, polite kill or lost terminal, so that what was started is undone; a second one ends the process. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      controller.abort(failed('interrupted', 'interrupted', 'heroku rds:status shows where the migration stands'))
    })
  }
  return controller.signal
}
