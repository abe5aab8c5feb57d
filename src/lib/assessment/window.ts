import {freezeSource} from '../runbook/steps/freeze-source.js'
import {open} from '../runbook/steps/open.js'
import {reconcile} from '../runbook/steps/reconcile.js'
import {smokeTest} from '../runbook/steps/smoke-test.js'
import {stopWriters} from '../runbook/steps/stop-writers.js'
import {switchApps} from '../runbook/steps/switch-apps.js'
import type {Method} from '../methods/method.js'
import type {Assessment, Distance, Term, Window} from '../ports/assessment.js'
import {longerTrip} from './facts/distance.js'

/** Terms of the window that all methods share. Durations are the playbook's, in seconds, until a run has measured them. */
const SHARED: readonly Term[] = [
  {step: stopWriters.id, what: 'stop the dynos', seconds: 30},
  {step: freezeSource.id, what: 'freeze', seconds: 5},
  {step: reconcile.id, what: 'reconcile sequences and statistics', seconds: 30},
  {step: switchApps.id, what: 'switch DATABASE_URL, three releases', seconds: 15},
  {step: smokeTest.id, what: 'smoke test and gate', seconds: 60},
  {step: open.id, what: 'start the dynos', seconds: 60},
]

interface Waits {
  databases: number
  heroku: number
}

/**
 * Requests of which each waits for the one before, at most, of steps that all methods share; those of steps without a term of their own
 * count with the step next to them. For Heroku they are those that test/stories/waits-for-heroku.test.ts allows each step; for the databases,
 * with those of the method's own terms, the 60 that a window is allowed: docs/how-it-works.md.
 */
const WAITS: Readonly<Record<string, Waits>> = {
  [stopWriters.id]: {databases: 8, heroku: 3},
  [freezeSource.id]: {databases: 10, heroku: 0},
  [reconcile.id]: {databases: 8, heroku: 0},
  [switchApps.id]: {databases: 8, heroku: 3},
  [smokeTest.id]: {databases: 8, heroku: 1},
  [open.id]: {databases: 8, heroku: 3},
}
/** Of each of the method's own terms. */
const OF_A_TERM: Waits = {databases: 5, heroku: 0}

/** Outside the write pause, though inside the window. */
const WRITES_GO_ON: ReadonlySet<string> = new Set([stopWriters.id, open.id])

/** Duration of each step when this migration last performed it, in seconds. */
export type Measured = Readonly<Record<string, number>>

/**
 * The estimated window: the method's own terms, then the shared ones, each with what its requests wait for at this distance. Durations
 * measured by an earlier run of this migration replace the assumed ones, term by term.
 */
export function windowOf(
  method: Method,
  assessment: Pick<Assessment, 'copy' | 'distance' | 'source'>,
  measured: Measured = {},
): Window {
  const {distance} = assessment
  const assumed = [...method.estimate(assessment), ...SHARED]
  const wait = ({step}: Term) => (measured[step] === undefined ? waiting(WAITS[step] ?? OF_A_TERM, distance) : 0)
  const terms = assumed.map((term): Term => {
    const seconds = measured[term.step]
    return seconds === undefined ? {...term, seconds: term.seconds + wait(term)} : {...term, seconds, measured: true}
  })
  return {
    seconds: sum(terms.map(({seconds}) => seconds)),
    pauseSeconds: sum(terms.filter(({step}) => !WRITES_GO_ON.has(step)).map(({seconds}) => seconds)),
    ...(distance ? {distanceSeconds: sum(assumed.map(wait))} : {}),
    terms,
  }
}

const waiting = ({databases, heroku}: Waits, distance: Distance | undefined): number =>
  distance ? databases * longerTrip(distance) + heroku * distance.herokuSeconds : 0

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)
