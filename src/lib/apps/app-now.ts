import type {AppBefore} from './app.js'
import {leadsTo, type SourceAddress} from './source-vars.js'
import {runningOf, stillStopped} from './writers.js'
import {allEnded} from '../flow/all-ended.js'
import type {Heroku} from '../ports/ports.js'

/** An app as it is now, held against what it was before the window. */
export interface AppNow {
  name: string
  maintenance: boolean
  /** Process types with dynos, of those that a window stops. */
  running: string[]
  /** Process types without a dyno, of those that ran before. */
  stopped: string[]
  /** Config vars that lead to the source, of those that move. */
  toSource: string[]
}

export async function appNow(
  {heroku, sourceAddress}: {heroku: Pick<Heroku, 'app' | 'configVars' | 'formation'>; sourceAddress: SourceAddress},
  app: AppBefore,
): Promise<AppNow> {
  const [{maintenance}, formation, config] = await allEnded([
    heroku.app(app.name),
    heroku.formation(app.name),
    heroku.configVars(app.name),
  ])
  return {
    name: app.name,
    maintenance,
    running: runningOf(app, formation).map(({type}) => type),
    stopped: stillStopped(app, formation).map(({type}) => type),
    toSource: app.moving.filter((name) => config[name] && leadsTo(name, config[name], sourceAddress)),
  }
}
