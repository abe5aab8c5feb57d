import {messageOf, type RdsError, refused} from '../ports/errors.js'
import {choose} from './choose.js'
import {METHODS} from '../methods/index.js'
import type {Attachment, Clock, Database, EngineOffer, Heroku, Journal, Rds, RdsInstance} from '../ports/ports.js'
import {appBefore} from '../apps/app-before.js'
import type {SourceAddress} from '../apps/source-vars.js'
import {type ProbedTarget, tryFromDyno} from '../apps/dyno-probe.js'
import {windowOf} from './window.js'
import {beside} from '../flow/waits.js'
import type {Secret} from '../ports/secret.js'
import type {AppFacts, Assessment, Finding} from '../ports/assessment.js'
import {blindSpotsOf} from './blind-spots.js'
import {hindrancesOf} from './hindrances.js'
import {supportedMajor} from './lifetime.js'
import type {Check, Subject} from './check.js'
import databaseChecks from './checks/database/index.js'
import herokuChecks from './checks/heroku/index.js'
import targetChecks from './checks/target/index.js'
import {bridgeFor} from './destination/bridge.js'
import {destinationFor} from './destination/destination.js'
import nearer from './checks/nearer.js'
import {expectedFrom} from './facts/copy.js'
import {linesTo, timed} from './facts/distance.js'
import {attempt, type Fact, Unread} from '../ports/fact.js'
import {accountFacts} from './facts/account.js'
import {appFacts} from './facts/apps.js'
import {activityOf, sourceFacts, trialSlot} from './facts/source.js'
import {targetFacts} from './facts/target.js'

export const CHECKS: readonly Check[] = [...herokuChecks, ...databaseChecks, ...targetChecks, nearer]

export interface World {
  app: string
  addon: Attachment['addon']
  heroku: Heroku
  source: Database
  sourceAddress: SourceAddress
  target?: Database
  /** Why the named target cannot be used. */
  targetTrouble?: RdsError
  /** Endpoint of the target, by which AWS can find its instance. */
  targetEndpoint?: {host: string; port: number}
  rds: Rds
  clock: Clock
  /** AWS identifier of the target. */
  targetId?: string
  /** Of a migration that has begun: the measured durations of its steps replace the assumed ones. */
  journal?: Journal
}

export interface AssessOptions {
  /** Longest window that the operator allows, in seconds. */
  budgetSeconds?: number | undefined
  /** Time over which the write rate is measured, in seconds; not measured when left out. */
  watchSeconds?: number
  /** Measure how far both databases and Heroku are, and estimate the copy by it. */
  measureLines?: boolean
  /** Create a logical replication slot and drop it again. */
  trialSlot?: boolean
  /** Connect to the target from a one-off dyno of each app. */
  fromDynos?: {targetUrl: Secret; caFile: string}
  /** Config vars that stay on the frozen source; none by default. */
  keep?: readonly string[]
}

/** Reads all facts that matter for the move and judges them by the checks. Changes nothing. */
export async function assess(
  world: World,
  {
    budgetSeconds,
    watchSeconds = 0,
    measureLines = false,
    trialSlot: tryOut = false,
    fromDynos,
    keep = [],
  }: AssessOptions = {},
): Promise<Assessment> {
  const {app, addon, source, target, clock} = world
  const {heroku, median} = timed(world.heroku, clock)
  const trial = tryOut ? await trialSlot(source) : undefined
  const watching = watchSeconds > 0 ? activityOf(source, clock, watchSeconds) : undefined
  watching?.catch(() => undefined)
  // Alone: what else is asked would take its share of the line.
  const lines = measureLines ? await linesTo(source, target, clock) : undefined
  const [{apps, unseen}, account, read, targetSide, measured] = await Promise.all([
    beside(() => appFacts(heroku, app, addon, world.sourceAddress)),
    beside(() => accountFacts(heroku)),
    beside(() => sourceFacts(source, heroku, addon)),
    target && beside(async () => targetFacts(target, await attempt(() => instanceOf(world)))),
    world.journal?.measured() ?? {},
  ])
  const activity = await watching
  const sourceSide = {
    ...read,
    ...(trial === undefined ? {} : {replication: {...read.replication, trial}}),
    ...(activity ? {activity} : {}),
  }
  const distance = lines && {...lines, herokuSeconds: median()}
  const copy = distance && (await attempt(() => expectedFrom({source, target, distance, sourceFacts: sourceSide})))
  const near = {...(distance ? {distance} : {}), ...(copy ? {copy} : {})}
  const offers: Fact<EngineOffer[]> | undefined =
    target || world.targetTrouble
      ? undefined
      : await attempt(() => world.rds.offers(supportedMajor(sourceSide.major, clock.now())))
  const dynoTrouble = fromDynos && target && (await triedFromDynos({heroku, target, clock, ...fromDynos}, apps, keep))
  const subject: Subject = {
    app,
    now: clock.now(),
    ...near,
    account,
    apps,
    unseen,
    keep,
    source,
    sourceFacts: sourceSide,
    ...(target && targetSide ? {target, targetFacts: targetSide} : {}),
    ...(world.targetTrouble ? {targetTrouble: world.targetTrouble} : {}),
    ...(dynoTrouble ? {dynoTrouble} : {}),
    ...(offers ? {offers} : {}),
  }
  const findings = (await Promise.all(CHECKS.map((check) => beside(() => inspect(check, subject))))).flat()
  const known = {source: sourceSide, ...near, apps, findings}
  const eligibility = METHODS.map((method) => {
    const because = [...new Set(hindrancesOf(known, method.id).map(({check}) => check))]
    const window = windowOf(method, known, measured)
    return {method: method.id, title: method.title, possible: because.length === 0, because, window}
  })
  const recommendation = choose(eligibility, findings, budgetSeconds)
  const bridge = bridgeFor(known.source)
  return {
    schemaVersion: 1,
    app,
    takenAt: clock.now().toISOString(),
    ...(budgetSeconds === undefined ? {} : {budgetSeconds}),
    account,
    ...known,
    unseen,
    ...(targetSide ? {target: targetSide} : {}),
    ...(offers ? {offers} : {}),
    checks: CHECKS.length,
    eligibility,
    ...(recommendation ? {recommendation} : {}),
    destination: destinationFor({...known, offers, now: clock.now()}),
    blindSpots: blindSpotsOf({activity, trial, tried: fromDynos !== undefined, target: target !== undefined}),
    ...(bridge ? {bridge} : {}),
  }
}

/** Connects to the target from a one-off dyno of each app; returns the errors. */
async function triedFromDynos(
  target: ProbedTarget,
  apps: readonly AppFacts[],
  keep: readonly string[],
): Promise<RdsError[]> {
  const tries = apps.map(async (app) =>
    tryFromDyno(target, await appBefore(target.heroku, app, {caFile: target.caFile, keep})),
  )
  return (await Promise.allSettled(tries)).flatMap((result) =>
    result.status === 'rejected' ? [result.reason as RdsError] : [],
  )
}

/** The target's instance: by its identifier, which may have been remembered for another target, where its endpoint agrees; else by its endpoint. */
async function instanceOf({rds, targetId, targetEndpoint}: World): Promise<RdsInstance> {
  const named = targetId ? await rds.describe(targetId) : undefined
  const host = (endpoint: {host: string} | undefined) => endpoint?.host.toLowerCase()
  const agrees = named && (!targetEndpoint || host(named.endpoint) === host(targetEndpoint))
  const found = agrees ? named : targetEndpoint && (await rds.find(targetEndpoint))
  if (!found) {
    throw refused(
      'no_such_instance',
      `AWS has no instance at ${targetEndpoint?.host ?? 'that address'} in this region and account`,
      'add --region with the region in its host name, or log in to the account that it belongs to',
    )
  }
  return found
}

/** Methods with one of the needs that the check hinders; none when the check names no need. */
const methodsHindered = ({hinders = []}: Check): string[] =>
  METHODS.filter(({needs}) => needs.some((need) => hinders.includes(need))).map(({id}) => id)

/** A check that could not run is `unknown`, never `ok`. */
async function inspect(check: Check, subject: Subject): Promise<Finding[]> {
  const {id, level, advisory, dispensable} = check
  const methods = methodsHindered(check)
  const shared = {check: id, level, methods, ...(advisory ? {advisory} : {})}
  try {
    const found = await check.inspect(subject)
    const decisive = level === 'unknown' ? {decisive: true as const} : {}
    return found.map((finding) => ({...shared, ...decisive, ...finding}))
  } catch (error) {
    return [
      {
        ...shared,
        level: 'unknown',
        ...(level === 'warning' || dispensable ? {} : {decisive: true as const}),
        what: `${check.question} Not known: ${messageOf(error)}`,
        remedy: `${(error instanceof Unread && error.remedy) || 'grant access to it'}, and run heroku rds:assess again`,
      },
    ]
  }
}
