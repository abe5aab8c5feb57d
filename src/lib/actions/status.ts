import {COPY_STATE, copyState, type CopyState} from '../copy/copy-state.js'
import {FENCE_STATE, type FenceState} from '../fence/fence.js'
import {landedAfter, type LandedWrites} from '../fence/landed-writes.js'
import {allEnded} from '../flow/all-ended.js'
import {dated, journalState, notePart} from '../journal/journal-state.js'
import {methodNamed} from '../methods/index.js'
import {runbookFor} from '../playbook.js'
import type {Database, JournalState, Lag} from '../ports/ports.js'
import {answersOf, type Question, type Questions} from '../postgres/answers.js'
import {type Timeline, TIMELINE_NOTES, timelineFrom} from '../runbook/timeline.js'
import {VERIFIED, type Verified} from '../verify/proof.js'
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
}

interface Seen {
  app: string
  addon: {name: string}
  source: Database
  target?: Database
  record?: {method: string}
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
  state: journalState([...TIMELINE_NOTES]),
  copy: COPY_STATE,
  verified: VERIFIED,
  landed: landedAfter(`select (${notePart('smoke', 'lastLanded')})::bigint`),
}

const NOTHING: Question<unknown> = {query: 'select null::json'}

/** Where a migration stands, from the journal and – because it may be wrong – from both databases, each of which is asked once. */
export async function statusOf({app, addon, source, target, record}: Seen): Promise<Status> {
  const method = record && methodNamed(record.method)
  const lagOf = method?.follow?.lag
  const [here, there] = await allEnded([
    answersOf<{fence: FenceState; lag: unknown}>(source, {fence: FENCE_STATE, lag: lagOf?.from ?? NOTHING}),
    target ? answersOf<OfTarget>(target, {...OF_TARGET, lag: lagOf?.to ?? NOTHING}) : undefined,
  ])
  const known = {app, source: {addon: addon.name, fence: here.fence!}, landed: []}
  if (!target || !there) return {...known, phase: 'not started', next: nextCommand('not started', app)}
  const withTarget = {...known, target: {place: target.place, fence: there.fence!}}
  if (!method || !there.state) return {...withTarget, phase: 'not started', next: nextCommand('not started', app)}

  const state = dated(there.state)
  const phase = phaseIn(method, state)
  const copy = phase === 'copying' && there.copy ? copyState(there.copy) : undefined
  const lag = ['copying', 'following', 'window'].includes(phase) ? lagOf?.told(here.lag, there.lag) : undefined
  return {
    ...withTarget,
    phase,
    next: nextCommand(phase, app),
    method: method.id,
    timeline: timelineFrom(runbookFor(method), state),
    ...(copy ? {copy} : {}),
    ...(lag ? {lag} : {}),
    ...(lag && method.follow?.verifyLive && there.verified ? {verified: there.verified} : {}),
    landed: phase === 'live' ? (there.landed ?? []) : [],
  }
}
