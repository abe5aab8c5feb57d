import {randomBytes} from 'node:crypto'

import type {AppBefore} from './app.js'
import type {AppSeen} from './app-before.js'
import {PROBE_EXIT, PROBE_SCRIPT} from './probe-script.js'
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
export async function tryFromDyno(probed: ProbedTarget, {app, config}: AppSeen): Promise<void> {
  const {heroku, target, clock} = probed
  if (app.moving.length === 0) return
  const channel = `heroku_rds_${randomBytes(8).toString('hex')}`
  const {env, urls} = environment(probed, app, config)
  await target.listening(channel, async (heard) => {
    const ended = await attempted(() => heroku.runOneOff(app, PROBE_SCRIPT, {...env, RDS_PROBE_CHANNEL: channel}))
    if (ended.exitCode !== PROBE_EXIT.untried && endHeard(heard()) === undefined) await clock.sleep(LATE_MS)
    judge(app, {...ended, exitCode: endHeard(heard()) ?? ended.exitCode}, heard(), urls, probed.caFile)
  })
}

interface Ended {
  exitCode?: number | undefined
  output: string
}

/** A dyno that cannot be started at all is one that could not try. */
async function attempted(run: () => Promise<Ended>): Promise<Ended> {
  try {
    return await run()
  } catch (error) {
    if (codeOf(error) !== 'one_off_failed') throw error
    return {exitCode: PROBE_EXIT.untried, output: messageOf(error)}
  }
}

const endHeard = (heard: readonly string[]): number | undefined => {
  const told = heard.map((payload) => /^exit (\d+)$/.exec(payload)?.[1]).find((code) => code !== undefined)
  return told === undefined ? undefined : Number(told)
}

/** Drivers of the app's decide where there are any, each for every URL; psql reads the same settings, but not the URL. */
function judge(
  {name}: AppBefore,
  {exitCode, output}: Ended,
  heard: readonly string[],
  urls: number,
  caFile: string,
): void {
  const byUrl = Array.from({length: urls}, (_, nth) => heard.some((payload) => payload.endsWith(` ${nth + 1}`)))
  const byDrivers = byUrl.every(Boolean)
  const byPsql = heard.includes('psql 0') && !byUrl.some(Boolean)
  if ((byDrivers && (exitCode === PROBE_EXIT.ok || exitCode === PROBE_EXIT.psqlFailed)) || (byPsql && exitCode === 0))
    return
  const said = output.trim().split('\n').filter(Boolean).at(-1)
  if (exitCode === undefined || exitCode === PROBE_EXIT.untried) {
    throw unverified(
      NOT_TRIED,
      exitCode === undefined
        ? `the target heard ${heard.length === 0 ? 'nothing' : 'too little'} from a one-off dyno of ${name}, and Heroku did not say why`
        : `no one-off dyno of ${name} could try the target: ${said ?? 'its image has no client for Postgres'}`,
      'add psql, or a Postgres driver of its language, to its slug or image',
      'or continue with rds:cutover --accept-untried-target: whether the app can connect is then known only after the switch',
    )
  }
  throw refused(
    'dyno_cannot_reach_target',
    `a one-off dyno of ${name} cannot use the target: ${said ?? 'it said nothing'}`,
    'admit the dynos of the app in the security group of the target',
    `if ${caFile} does not hold the certificate authority of RDS in the dynos, name a file that does with --ca-file`,
  )
}

/** What the app's dynos will have, and the same once more in the pieces of which psql needs none on its command line. */
function environment(
  {targetUrl, caFile}: ProbedTarget,
  app: AppBefore,
  before: Record<string, Secret>,
): {env: Record<string, Secret | string>; urls: number} {
  const config = configForTarget(app, before, targetUrl, caFile)
  const urls = [...new Set(app.moving.map((name) => config[name]!.reveal()))]
  const {host, port, user, password, database, parameters}: ConnectionParts = connectionPartsOf(targetUrl)!
  const pieces = {HOST: host, PORT: String(port), USER: user, PASSWORD: password, DATABASE: database, CA: caFile}
  const named = (prefix: string, values: Record<string, Secret | string>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]))
  const env = {
    ...config,
    ...Object.fromEntries(Object.entries(app.companions).map(([name, {after}]) => [name, after])),
    ...named('RDS_PROBE_', {...pieces, OPTIONS: parameters.get('options') ?? ''}),
    ...named('RDS_PROBE_URL_', Object.fromEntries(urls.map((url, nth) => [String(nth + 1), new Secret(url)]))),
  }
  return {env, urls: urls.length}
}
