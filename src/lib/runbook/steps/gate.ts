import {requireSwitched} from '../../apps/switch.js'
import {FENCE_STATE, type FenceState} from '../../fence/fence.js'
import {describeWrites, landedSince, type LandedWrites} from '../../fence/landed-writes.js'
import {allEnded} from '../../flow/all-ended.js'
import {WINDOW_BEGINS} from '../../journal/in-window.js'
import {requireNote} from '../../journal/notes.js'
import {failed, type RdsError} from '../../ports/errors.js'
import type {GateEvidence} from '../../ports/ports.js'
import {everyAnswer} from '../../postgres/answers.js'
import {secondsSince} from '../../postgres/server-clock.js'
import {forward, type Migration} from '../migration.js'
import {never, type Step} from '../step.js'
import {stillFrozen} from './freeze-source.js'
import {compareLargeObjects} from '../../verify/large-objects.js'

/**
 * The last cheap exit: all evidence on one screen, and a decision. A no undoes everything above. Time passes while a person thinks: after a
 * yes everything is looked at once more.
 */
export const gate: Step = {
  id: 'gate',
  title: 'Gate',
  window: 'inside',
  undo: 'nothing',
  done: never,

  async run(migration) {
    const {operator, settings, signal} = migration
    const asks = settings.gate === 'ask'
    if (asks) {
      const evidence = await evidenceOf(migration, await assertReady(migration))
      if (!(await operator.decideGate(evidence, signal))) throw failed('gate_declined', 'the gate was answered no')
    }
    const [releases] = await allEnded([assertReady(migration), assertLargeObjectsEqual(migration)])
    return `${asks ? 'passed by the operator' : 'passed by --gate auto: every check above held'}; ${releases}`
  },
}

/** Steps whose proofs a decision rests on, by what they prove. */
const SUBJECTS: readonly [subject: string, step: string][] = [
  ['Rows and objects', 'verify'],
  ['Sequences', 'reconcile'],
  ['Smoke test', 'smoke-test'],
]

async function evidenceOf(migration: Migration, releases: string): Promise<GateEvidence> {
  const {source, target, journal, app} = migration
  const records = (await journal.records()).filter(({finishedAt, undoneAt}) => finishedAt && !undoneAt)
  const recordOf = (id: string) => records.find(({step}) => step === id)
  const frozen = await requireNote(migration, 'frozen')
  const [writePauseSeconds, windowSeconds] = await allEnded([
    secondsSince(source, frozen.at),
    secondsSince(target, recordOf(WINDOW_BEGINS)!.startedAt),
  ])
  return {
    proofs: [
      ...SUBJECTS.flatMap(([subject, step]) => {
        const proof = recordOf(step)?.evidence
        return proof ? [{subject, proof}] : []
      }),
      {subject: 'Switch', proof: `${releases}; checked just now`},
      {
        subject: 'Writers',
        proof: `none: the source has refused every write since ${utcTime(frozen.at)}, the target still does; checked just now`,
      },
    ],
    writePauseSeconds,
    windowSeconds,
    afterYes: `A yes lets ${app} write to RDS. heroku rds:rollback still goes back without loss until the first of these writes lands.`,
  }
}

const utcTime = (at: string): string => `${new Date(at).toISOString().slice(11, 19)} UTC`

/** Everything the decision rests on, looked at now; returns which releases the apps will start on. */
async function assertReady(migration: Migration): Promise<string> {
  const apps = await requireNote(migration, 'apps')
  const [, releases] = await allEnded([
    assertClosed(migration),
    allEnded(apps.map((app) => requireSwitched(migration, app))),
  ])
  return releases.join('; ')
}

/** No trigger can fence them: a session that overrides the read-only default could have written one since the verification. */
async function assertLargeObjectsEqual(migration: Migration): Promise<void> {
  const {differences} = await compareLargeObjects(forward(migration))
  if (differences.length > 0) throw failed('freeze_broken', `the source was written to: ${differences[0]}`)
}

/** Fails unless both databases still refuse every write, and nothing slipped into either. */
async function assertClosed(migration: Migration): Promise<void> {
  const {open} = await lookAtFences(migration)
  if (open) throw open
}

interface Fences {
  /** Of the target. */
  fence: FenceState
  /** Why the source cannot be said to be frozen. */
  thawed: RdsError | undefined
  /** Why the databases cannot be said to refuse every write. */
  open: RdsError | undefined
}

export async function lookAtFences(migration: Migration): Promise<Fences> {
  const smoke = await requireNote(migration, 'smoke')
  const [why, {fence, landed}] = await allEnded([
    stillFrozen(migration),
    everyAnswer(migration.target, {fence: FENCE_STATE, landed: landedSince(smoke.lastLanded)}, migration.guard.target),
  ])
  const thawed = why === undefined ? undefined : failed('freeze_broken', why)
  return {fence, thawed, open: thawed ?? whyOpen(fence, landed)}
}

function whyOpen(fence: FenceState, landed: readonly LandedWrites[]): RdsError | undefined {
  if (fence !== 'raised') return failed('target_open', 'the fence of the target is not up')
  if (landed.length === 0) return undefined
  return failed('early_writes', `writes reached the target before the gate: ${describeWrites(landed)}`)
}
