import {messageOf, type RdsError} from '../ports/errors.js'
import {choose} from './choose.js'
import {METHODS} from '../methods/index.js'
import type {Attachment, Clock, Database, EngineOffer, Heroku, Journal, Rds, RdsInstance} from '../ports/ports.js'
import {appBefore} from '../apps/app-before.js'
import {type ProbedTarget, tryFromDyno} from '../apps/dyno-probe.js'
import {windowOf} from './window.js'
import type {Secret} from '../ports/secret.js'
import type {AppFacts, Assessment, Finding} from '../ports/assessment.js'
import {blindSpotsOf} from './blind-spots.js'
import {hindrancesOf} from './hindrances.js'
import type {Check, Subject} from './check.js'
import databaseChecks from './checks/database/index.js'
import herokuChecks from './checks/heroku/index.js'
import targetChecks from './checks/target/index.js'
import {bridgeFor} from './destination/bridge.js'
import {destinationFor} from './destination/destination.js'
import {attempt, type Fact} from '../ports/fact.js'
import {appFacts, type SourceAddress} from './facts/apps.js'
import {activityOf, sourceFacts, trialSlot} from './facts/source.js'
import {targetFacts} from './facts/target.js'

export const CHECKS: readonly Check[] = [...herokuChecks, ...databaseChecks, ...targetChecks]

export interface World {
  app: string
  addon: Attachment['addon']
  heroku: Heroku
  source: Database
  sourceAddress: SourceAddress
  target?: Database
  /** Why the target that was named cannot be used. */
  targetTrouble?: RdsError
  /** Where the target is, as AWS may know it. */
  targetEndpoint?: {host: string; port: number}
  rds: Rds
  clock: Clock
  /** Identifier of the target at AWS. */
  targetId?: string
  /** Of a migration that has begun: what its steps took replaces what is assumed of them. */
  journal?: Journal
}

export interface AssessOptions {
  /** The longest window the operator allows. */
  budgetSeconds?: number | undefined
  /** For how long the write rate is watched; not at all when left out. */
  watchSeconds?: number
  /** Make a logical slot and drop it again. */
  trialSlot?: boolean
  /** Try the target from a one-off dyno of each app. */
  fromDynos?: {targetUrl: Secret; caFile: string}
}

/** Reads everything that bears on the move, and decides what it means. Changes nothing anywhere. */
export async function assess(
  world: World,
  {budgetSeconds, watchSeconds = 0, trialSlot: tryOut = false, fromDynos}: AssessOptions = {},
): Promise<Assessment> {
  const {app, addon, heroku, source, target} = world
  const trial = tryOut ? await trialSlot(source) : undefined
  const watching = watchSeconds > 0 ? activityOf(source, world.clock, watchSeconds) : undefined
  watching?.catch(() => undefined)
  const [{apps, unseen}, read, targetSide, measured] = await Promise.all([
    appFacts(heroku, app, addon, world.sourceAddress),
    sourceFacts(source, heroku, addon),
    target && attempt(() => instanceOf(world)).then((instance) => targetFacts(target, instance)),
    world.journal?.measured() ?? {},
  ])
  const sourceSide = trial === undefined ? read : {...read, replication: {...read.replication, trial}}
  const offers: Fact<EngineOffer[]> | undefined =
    target || world.targetTrouble ? undefined : await attempt(() => world.rds.offers(sourceSide.major))
  const dynoTrouble = fromDynos && (await triedFromDynos({heroku, ...fromDynos}, apps))
  const subject: Subject = {
    app,
    now: world.clock.now(),
    apps,
    unseen,
    source,
    sourceFacts: sourceSide,
    ...(target && targetSide ? {target, targetFacts: targetSide} : {}),
    ...(world.targetTrouble ? {targetTrouble: world.targetTrouble} : {}),
    ...(dynoTrouble ? {dynoTrouble} : {}),
    ...(offers ? {offers} : {}),
  }
  const findings = (await Promise.all(CHECKS.map((check) => inspect(check, subject)))).flat()
  const activity = await watching
  const known = {source: {...sourceSide, ...(activity ? {activity} : {})}, apps, findings}
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
    takenAt: world.clock.now().toISOString(),
    ...(budgetSeconds === undefined ? {} : {budgetSeconds}),
    ...known,
    unseen,
    ...(targetSide ? {target: targetSide} : {}),
    ...(offers ? {offers} : {}),
    checks: CHECKS.length,
    eligibility,
    ...(recommendation ? {recommendation} : {}),
    destination: destinationFor({...known, offers}),
    blindSpots: blindSpotsOf({activity, trial, tried: fromDynos !== undefined, target: target !== undefined}),
    ...(bridge ? {bridge} : {}),
  }
}

/** What kept the dynos of each app from using the target. */
async function triedFromDynos(target: ProbedTarget, apps: readonly AppFacts[]): Promise<RdsError[]> {
  const tries = apps.map(async (app) => tryFromDyno(target, await appBefore(target.heroku, app, target.caFile)))
  return (await Promise.allSettled(tries)).flatMap((result) =>
    result.status === 'rejected' ? [result.reason as RdsError] : [],
  )
}

/** By its name where one is given, else by where it is. */
async function instanceOf({rds, targetId, targetEndpoint}: World): Promise<RdsInstance> {
  const found = targetId ? await rds.describe(targetId) : targetEndpoint && (await rds.find(targetEndpoint))
  if (!found) throw new Error(`AWS knows no instance at ${targetEndpoint?.host ?? 'that address'} in this region`)
  return found
}

/** Every method, where a check names no need, stands for none in particular. */
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
        remedy: 'grant what it takes to read this, and assess again',
      },
    ]
  }
}
