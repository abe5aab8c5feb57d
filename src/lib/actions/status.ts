import type {AppBefore} from '../apps/app.js'
import {appNow, type AppNow} from '../apps/app-now.js'
import type {SourceAddress} from '../apps/source-vars.js'
import {COPY_STATE, copyState, type CopyState} from '../copy/copy-state.js'
import {CLAIMED, type Claimed} from '../fence/claim.js'
import {FENCE_STATE, type FenceState} from '../fence/fence.js'
import {landedAfter, type LandedWrites} from '../fence/landed-writes.js'
import {allEnded} from '../flow/all-ended.js'
import {dated, journalState, notePart, withUndone} from '../journal/journal-state.js'
import type {Notes} from '../journal/notes.js'
import {methodNamed} from '../methods/index.js'
import {runbookFor} from '../playbook.js'
import {attempt, ifKnown} from '../ports/fact.js'
import type {Database, Heroku, JournalState, Lag} from '../ports/ports.js'
import {answersOf, type Question, type Questions} from '../postgres/answers.js'
import {type Timeline, TIMELINE_NOTES, timelineFrom} from '../runbook/timeline.js'
import {VERIFIED, type Verified} from '../verify/proof.js'
import {contradictionsIn} from './contradictions.js'
import {nextCommand, type Phase, phaseIn} from './phase.js'

export interface Status {
  app: string
  phase: Phase
  next: string
  method?: string
  source: {addon: string; fence: FenceState}
  target?: {place: string; fence: FenceState}
  timeline?: Timeline
  /** While it is copied. */
  copy?: CopyState
  /** Of a copy that follows, with the figures of its method. */
  lag?: Lag
  /** What of it was proven equal while the app ran. */
  verified?: Verified
  /** What a rollback would lose; empty while nothing would be lost. */
  landed: LandedWrites[]
  /** What is not as the journal has it. */
  contradictions: string[]
}

interface Seen {
  app: string
  addon: {name: string}
  heroku: Heroku
  sourceAddress: SourceAddress
  source: Database
  target?: Database
  record?: {method: string}
}

/** What is asked of the source, once. */
interface OfSource {
  fence: FenceState
  claimed: Claimed
  lag: unknown
}

/** What is asked of the target, once. */
interface OfTarget {
  fence: FenceState
  state: JournalState
  copy: Parameters<typeof copyState>[0]
  verified: Verified
  landed: LandedWrites[]
  lag: unknown
}

const OF_TARGET: Questions<Omit<OfTarget, 'lag'>> = {
  fence: FENCE_STATE,
  state: journalState([...TIMELINE_NOTES, 'apps', 'restored']),
  copy: COPY_STATE,
  verified: VERIFIED,
  landed: landedAfter(`select (${notePart('smoke', 'lastLanded')})::bigint`),
}

const NOTHING: Question<unknown> = {query: 'select null::json'}

/**
 * Where a migration stands, from the journal and – because it may be wrong – from both databases, each of which is asked once, and in the
 * window and after it from the apps. Who asks every other second leaves these out: an account has 75 requests a minute, which a cutover needs.
 */
export async function statusOf(seen: Seen, {withApps = true} = {}): Promise<Status> {
  const {app, addon, source, target, record} = seen
  const method = record && methodNamed(record.method)
  const lagOf = method?.follow?.lag
  const [here, there] = await allEnded([
    answersOf<OfSource>(source, {fence: FENCE_STATE, claimed: CLAIMED, lag: lagOf?.from ?? NOTHING}),
    target ? answersOf<OfTarget>(target, {...OF_TARGET, lag: lagOf?.to ?? NOTHING}) : undefined,
  ])
  const known = {app, source: {addon: addon.name, fence: here.fence!}, landed: [], contradictions: []}
  if (!target || !there) return {...known, phase: 'not started', next: nextCommand('not started', app)}
  const withTarget = {...known, target: {place: target.place, fence: there.fence!}}
  const world = {app, fences: {source: here.fence!, target: there.fence!}, kept: here.claimed?.window ?? null}
  if (!method || !there.state) {
    const {told, next} = contradictionsIn([], {...world, phase: 'not started', records: [], notes: {}, apps: []})
    return {...withTarget, phase: 'not started', next, contradictions: told}
  }

  const state = withUndone(dated(there.state), here.claimed?.undone)
  const phase = phaseIn(method, state)
  const steps = runbookFor(method)
  const {told, next} = contradictionsIn(steps, {
    ...world,
    phase,
    records: state.records,
    notes: state.notes,
    apps:
      withApps && ['window', 'live'].includes(phase)
        ? await appsNow(seen, (state.notes as Partial<Notes>).apps ?? [])
        : [],
  })
  const copy = phase === 'copying' && there.copy ? copyState(there.copy) : undefined
  const lag = ['copying', 'following', 'window'].includes(phase) ? lagOf?.told(here.lag, there.lag) : undefined
  return {
    ...withTarget,
    phase,
    next,
    method: method.id,
    timeline: timelineFrom(steps, state),
    ...(copy ? {copy} : {}),
    ...(lag ? {lag} : {}),
    ...(lag && method.follow?.verifyLive && there.verified ? {verified: there.verified} : {}),
    landed: phase === 'live' ? (there.landed ?? []) : [],
    contradictions: told,
  }
}

/** What Heroku does not tell, nothing is said of. */
const appsNow = async (seen: Seen, apps: readonly AppBefore[]): Promise<AppNow[]> =>
  (await allEnded(apps.map((app) => attempt(() => appNow(seen, app))))).flatMap((fact) => ifKnown(fact) ?? [])
