import {failed, messageOf, notRefused, type RdsError} from '../ports/errors.js'
import {refusalOf} from '../postgres/refusal.js'
import type {StepRecord, Waits} from '../ports/ports.js'
import type {Migration} from './migration.js'
import {assertClaimed} from '../fence/claim.js'
import {rememberJournal} from '../journal/remembered-journal.js'
import {rollback, undoneByWindow} from './rollback.js'
import type {Step} from './step.js'
import {watchBudget} from './budget.js'
import {counted} from '../flow/waits.js'
import {PATIENCE} from './patience.js'

/**
 * Does the steps in order. What is already done is found done, so the same call resumes a killed run. When a step fails
 * before the point of no cheap return, what was started is undone before the error is thrown on – but for the preparations of
 * a method that follows, which the next run goes on with.
 */
export async function run(steps: readonly Step[], given: Migration): Promise<void> {
  const remembered = rememberJournal(given.journal)
  const migration = {...given, journal: remembered.forward}
  const inEffect = (await migration.journal.records()).filter((record) => !record.undoneAt)
  const committed = steps.findIndex((step) => step.pointOfNoCheapReturn && wasStarted(inEffect, step))
  const budget = watchBudget(steps, migration, inEffect)
  const signal = AbortSignal.any([migration.signal, budget.signal])
  const bounded = {...migration, signal, heroku: given.heroku.under(signal, PATIENCE.forward)}
  const interruption = interruptOnAbort(bounded)

  let past = committed >= 0
  try {
    for (const step of steps.slice(Math.max(committed, 0))) {
      if (step.pointOfNoCheapReturn) {
        signal.throwIfAborted()
        budget.stop()
        interruption.stop()
        past = true
        await doStep(step, stayingWith(migration))
      } else {
        await doStep(step, bounded)
        budget.passed(step)
      }
    }
  } catch (error) {
    if (past) throw stoppedAfterGate(error)
    await interruption.sent()
    const stillOurs = () => assertClaimed(migration.source, migration.guard.source)
    await undoEverything(undoneByWindow(steps, migration), {...migration, journal: remembered.back(stillOurs)}, error)
    throw error
  } finally {
    budget.stop()
    interruption.stop()
  }
}

/** For what nothing but an error may end: an app is closed, and waits for it. */
function stayingWith(migration: Migration): Migration {
  const {signal} = new AbortController()
  return {...migration, signal, heroku: migration.heroku.under(signal, PATIENCE.closed)}
}

const wasStarted = (records: readonly StepRecord[], step: Step) => records.some((record) => record.step === step.id)

/** A statement that runs for an hour does not look at signals: it is cancelled, before anything else is asked of its server. */
function interruptOnAbort({signal, source, target}: Migration) {
  let interrupted: Promise<unknown> = Promise.resolve()
  const interrupt = () => {
    interrupted = Promise.allSettled([source.interrupt(), target.interrupt()])
  }
  signal.addEventListener('abort', interrupt, {once: true})
  return {
    stop: () => signal.removeEventListener('abort', interrupt),
    sent: () => interrupted,
  }
}

const doStep = (step: Step, migration: Migration): Promise<void> =>
  counted((soFar) => doCounted(step, migration, soFar))

async function doCounted(step: Step, migration: Migration, soFar: () => Waits): Promise<void> {
  const {journal, operator, clock, signal} = migration
  signal.throwIfAborted()
  await journal.assertHeld()
  if (await step.done(migration)) {
    await journal.foundDone(step.id)
    operator.step({kind: 'found done', title: step.title, waits: soFar()})
    return
  }

  const begun = clock.now()
  operator.step({kind: 'started', title: step.title})
  await journal.started(step.id)
  try {
    const evidence = await step.run(migration)
    signal.throwIfAborted()
    const {databases, heroku, all} = soFar()
    const waits = {databases: databases + 1, heroku, all: all + 1}
    await journal.finished(step.id, evidence, waits)
    const seconds = (clock.now().getTime() - begun.getTime()) / 1000
    operator.step({kind: 'finished', title: step.title, seconds, detail: evidence, waits})
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : refusalOf(error, step.title)
    operator.step({kind: 'failed', title: step.title, detail: messageOf(reason)})
    await journal.failed(step.id, messageOf(reason)).catch(() => undefined)
    throw step.window === 'inside' ? notRefused(reason) : reason
  }
}

const stoppedAfterGate = (error: unknown): RdsError =>
  failed(
    'stopped_after_gate',
    `stopped after the gate: ${messageOf(error)}`,
    'run the same command again to continue',
    'or heroku rds:rollback, which says what it would lose',
  )

async function undoEverything(steps: readonly Step[], migration: Migration, error: unknown): Promise<void> {
  const calm = stayingWith(migration)
  try {
    const undone = await rollback(steps, calm)
    if (undone.length > 0) migration.operator.tell('the window has been undone')
  } catch (undoError) {
    throw failed(
      'undo_incomplete',
      `${messageOf(error)}; undoing it stopped as well: ${messageOf(undoError)}`,
      'heroku rds:rollback goes on undoing',
      'heroku rds:status shows what is in effect',
    )
  }
}
