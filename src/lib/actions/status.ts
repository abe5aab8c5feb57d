import {copyStateOf, type CopyState} from '../copy/copy-state.js'
import {fenceState, type FenceState} from '../fence/fence.js'
import {methodNamed} from '../methods/index.js'
import {runbookFor} from '../playbook.js'
import {type Verified, verifiedSoFar} from '../verify/proof.js'
import type {Database, Journal, Lag} from '../ports/ports.js'
import {type LandedWrites, landedWrites} from '../fence/landed-writes.js'
import type {Notes} from '../journal/notes.js'
import {nextCommand, type Phase, phaseOf} from './phase.js'
import {type Timeline, timelineOf} from '../runbook/timeline.js'

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
  journal?: Journal
  record?: {method: string}
}

/** Where a migration stands, from the journal and – because it may be wrong – from both databases. */
export async function statusOf({app, addon, source, target, journal, record}: Seen): Promise<Status> {
  const here = {addon: addon.name, fence: await fenceState(source)}
  const method = record && methodNamed(record.method)
  if (!target || !journal || !method) {
    return {
      app,
      phase: 'not started',
      next: nextCommand('not started', app),
      source: here,
      landed: [],
      ...(target ? {target: {place: target.place, fence: await fenceState(target)}} : {}),
    }
  }
  const phase = await phaseOf(method, journal)
  const follow = ['copying', 'following', 'window'].includes(phase) ? method.follow : undefined
  const lag = await follow?.lag({source, target})
  const copy = phase === 'copying' ? await copyStateOf(target) : undefined
  const smoke = await journal.note<Notes['smoke']>('smoke')
  return {
    app,
    phase,
    next: nextCommand(phase, app),
    method: method.id,
    source: here,
    target: {place: target.place, fence: await fenceState(target)},
    timeline: await timelineOf(runbookFor(method), journal),
    ...(copy ? {copy} : {}),
    ...(lag ? {lag} : {}),
    ...(lag && follow?.verifyLive ? {verified: await verifiedSoFar(target)} : {}),
    landed: phase === 'live' && smoke ? await landedWrites(target, smoke.lastLanded) : [],
  }
}
