import {messageOf} from '../errors.js'
import {choose} from '../methods/choose.js'
import {METHODS} from '../methods/index.js'
import type {Attachment, Database, Heroku, Rds, RdsInstance} from '../ports.js'
import {windowOf} from '../runbook/window.js'
import type {Assessment, Finding} from './assessment.js'
import {blockersOf} from './blockers.js'
import type {Check, Subject} from './check.js'
import herokuChecks from './checks/heroku.js'
import schemaChecks from './checks/schema.js'
import sourceChecks from './checks/source.js'
import targetChecks from './checks/target.js'
import {appFacts, sourceFacts, targetFacts} from './facts.js'

export const CHECKS: readonly Check[] = [...herokuChecks, ...sourceChecks, ...schemaChecks, ...targetChecks]

export interface World {
  app: string
  addon: Attachment['addon']
  heroku: Heroku
  source: Database
  target?: Database
  rds?: Rds
  /** Identifier of the target at AWS. */
  targetId?: string
}

/** Reads everything that bears on the move, and decides what it means. Changes nothing anywhere. */
export async function assess(world: World, budgetSeconds?: number): Promise<Assessment> {
  const {app, addon, heroku, source, target} = world
  const [apps, sourceSide, targetSide, instance] = await Promise.all([
    appFacts(heroku, app, addon.id),
    sourceFacts(source, heroku, addon),
    target && targetFacts(target),
    instanceOf(world),
  ])
  const subject: Subject = {
    app,
    apps,
    source,
    sourceFacts: sourceSide,
    ...(target ? {target} : {}),
    ...(targetSide ? {targetFacts: targetSide} : {}),
  }
  const findings = (await Promise.all(CHECKS.map((check) => inspect(check, subject)))).flat()
  const assessment: Assessment = {
    app,
    takenAt: new Date().toISOString(),
    source: sourceSide,
    ...(targetSide ? {target: {...targetSide, ...(instance ? {instance} : {})}} : {}),
    apps,
    findings,
    eligibility: [],
  }
  assessment.eligibility = METHODS.map((method) => {
    const because = [...method.obstacles(assessment), ...blockersOf(assessment, method.id)]
    return {
      method: method.id,
      title: method.title,
      possible: because.length === 0,
      because,
      window: windowOf(method, assessment),
    }
  })
  const recommendation = choose(assessment.eligibility, budgetSeconds)
  return recommendation ? {...assessment, recommendation} : assessment
}

const instanceOf = async ({rds, targetId}: World): Promise<RdsInstance | undefined> =>
  rds && targetId ? rds.describe(targetId) : undefined

/** A check that could not run is `unknown`, never `ok`. */
async function inspect(check: Check, subject: Subject): Promise<Finding[]> {
  const {id, level, blocks = []} = check
  try {
    const found = await check.inspect(subject)
    return found.map((finding) => ({check: id, level, methods: blocks, ...finding}))
  } catch (error) {
    return [
      {
        check: id,
        level: 'unknown',
        methods: blocks,
        what: `${check.question} Could not be answered: ${messageOf(error)}`,
        remedy: 'grant the role what it needs to read this, and assess again',
      },
    ]
  }
}
