import {randomBytes} from 'node:crypto'

import type {AppBefore} from './app.js'
import {PROBE_SCRIPT, UNTRIED} from './probe-script.js'
import {configForTarget} from './target-url.js'
import {codeOf} from '../postgres/sqlstate.js'
import {type ConnectionParts, connectionPartsOf} from '../postgres/connection-url.js'
import {messageOf, refused, unverified} from '../ports/errors.js'
import type {Clock, Database, Heroku} from '../ports/ports.js'
import {Secret} from '../ports/secret.js'

export interface ProbedTarget {
  heroku: Heroku
  target: Database
  clock: Clock
  /** But for TLS. */
  targetUrl: Secret
  caFile: string
}

/** That no dyno could try the target, which says nothing of whether one reaches it. */
export const NOT_TRIED = 'target_not_tried'

/** A notification may be on its way while the end of the dyno is known already. */
const LATE_MS = 2000

/**
 * The final URL, tried where it will be used: network, certificate and credential, by every client that the image has. What counts is
 * what the target hears, not what Heroku's log tells: `pg_notify` needs no table and no right, and writes nothing.
 */
export async function tryFromDyno(probed: ProbedTarget, app: AppBefore): Promise<void> {
  const {heroku, target, clock} = probed
  if (app.moving.length === 0) return
  const channel = `heroku_rds_${randomBytes(8).toString('hex')}`
  const env = {...(await environment(probed, app)), RDS_PROBE_CHANNEL: new Secret(channel)}
  await target.listening(channel, async (heard) => {
    const ended = await attempted(() => heroku.runOneOff(app.name, PROBE_SCRIPT, env))
    if (ended.exitCode !== UNTRIED && heard().length === 0) await clock.sleep(LATE_MS)
    judge(app, ended, new Set(heard()), probed.caFile)
  })
}

interface Ended {
  exitCode?: number
  output: string
}

/** A dyno that cannot be started at all is one that could not try. */
async function attempted(run: () => Promise<Ended>): Promise<Ended> {
  try {
    return await run()
  } catch (error) {
    if (codeOf(error) !== 'one_off_failed') throw error
    return {exitCode: UNTRIED, output: messageOf(error)}
  }
}

/** A driver of the app's decides where there is one; psql reads the same settings, but not the URL. */
function judge({name}: AppBefore, {exitCode, output}: Ended, heard: ReadonlySet<string>, caFile: string): void {
  const drivers = [...heard].filter((client) => client !== 'psql')
  if (drivers.length > 0 || (heard.size > 0 && !exitCode)) return
  const said = output.trim().split('\n').filter(Boolean).at(-1)
  if (exitCode === undefined || exitCode === UNTRIED) {
    throw unverified(
      NOT_TRIED,
      exitCode === undefined
        ? `the target heard nothing from a one-off dyno of ${name}, and Heroku did not tell why`
        : `no one-off dyno of ${name} could try the target: ${said ?? 'its image has no client for Postgres'}`,
      'let its dynos have psql, or a Postgres driver of their language',
      '--accept-untried-target goes on: whether the app reaches the target is then known after the switch only',
    )
  }
  throw refused(
    'dyno_cannot_reach_target',
    `a one-off dyno of ${name} cannot use the target: ${said ?? 'it said nothing'}`,
    'the security group of the target must admit the dynos of the app',
    `the file ${caFile} must hold the certificate authority of RDS; name another with --ca-file`,
  )
}

/** What the app's dynos will have, and the same once more in the pieces of which psql needs none on its command line. */
async function environment({heroku, targetUrl, caFile}: ProbedTarget, app: AppBefore): Promise<Record<string, Secret>> {
  const config = configForTarget(app, await heroku.configVars(app.name), targetUrl, caFile)
  const urls = [...new Set(app.moving.map((name) => config[name]!.reveal()))]
  const {host, port, user, password, database, parameters}: ConnectionParts = connectionPartsOf(targetUrl)!
  const pieces = {HOST: host, PORT: String(port), USER: user, PASSWORD: password.reveal(), DATABASE: database}
  const named = (prefix: string, values: Record<string, string>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, new Secret(value)]))
  return {
    ...config,
    ...named('RDS_PROBE_', {...pieces, CA: caFile, OPTIONS: parameters.get('options') ?? ''}),
    ...named('RDS_PROBE_URL_', Object.fromEntries(urls.map((url, nth) => [String(nth + 1), url]))),
  }
}
