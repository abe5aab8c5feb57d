import {failed, messageOf, RdsError} from '../errors.js'
import type {StepRecord} from '../ports.js'
import type {Migration} from './migration.js'
import {rollback} from './rollback.js'
import type {Step} from './step.js'

/**
 * Does the steps in order. What is already done is found done, so the same call resumes a killed run. When a step fails
 * before the point of no cheap return, everything that was started is undone before the error is thrown on.
 */
export async function run(steps: readonly Step[], migration: Migration): Promise<void> {
  const budget = new AbortController()
  const bounded = {...migration, signal: AbortSignal.any([migration.signal, budget.signal])}
  const inEffect = (await migration.journal.records()).filter((record) => !record.undoneAt)
  const committed = steps.findIndex((step) => step.pointOfNoCheapReturn && wasStarted(inEffect, step))
  const watch = watchBudget(steps, migration, inEffect, budget)

  try {
    for (const step of steps.slice(Math.max(committed, 0))) {
      if (step.pointOfNoCheapReturn) {
        bounded.signal.throwIfAborted()
        watch.stop()
        await goForward(step, {...migration, signal: new AbortController().signal})
      } else {
        await doStep(step, bounded)
        watch.windowMayHaveOpened(step)
      }
    }
  } catch (error) {
    if (error instanceof PastTheGate) throw error.reason
    await undoEverything(steps, migration, error)
    throw budget.signal.aborted ? (budget.signal.reason as Error) : error
  } finally {
    watch.stop()
  }
}

const wasStarted = (records: readonly StepRecord[], step: Step) => records.some((record) => record.step === step.id)

async function doStep(step: Step, migration: Migration): Promise<void> {
  const {journal, operator, clock, signal} = migration
  signal.throwIfAborted()
  if (await step.done(migration)) {
    await journal.foundDone(step.id)
    operator.step({kind: 'found done', title: step.title})
    return
  }

  const begun = clock.now()
  operator.step({kind: 'started', title: step.title})
  await journal.started(step.id)
  try {
    const evidence = await step.run(migration)
    await journal.finished(step.id, evidence)
    const seconds = (clock.now().getTime() - begun.getTime()) / 1000
    operator.step({kind: 'finished', title: step.title, seconds, detail: evidence})
  } catch (error) {
    const reason = signal.aborted ? messageOf(signal.reason) : messageOf(error)
    operator.step({kind: 'failed', title: step.title, detail: reason})
    await journal.failed(step.id, reason).catch(() => undefined)
    throw signal.aborted ? signal.reason : error
  }
}

class PastTheGate extends Error {
  readonly reason: RdsError

  constructor(reason: RdsError) {
    super(reason.message)
    this.reason = reason
  }
}

async function goForward(step: Step, migration: Migration): Promise<void> {
  try {
    await doStep(step, migration)
  } catch (error) {
    const message = `${step.title} stopped after the gate: ${messageOf(error)}`
    const suggestions = ['run the same command again to go on', 'or heroku rds:rollback, which says what it would lose']
    throw new PastTheGate(failed('stopped_after_gate', message, ...suggestions))
  }
}

async function undoEverything(steps: readonly Step[], migration: Migration, error: unknown): Promise<void> {
  const calm = {...migration, signal: new AbortController().signal}
  try {
    await rollback(steps, calm)
  } catch (undoError) {
    const message = `${messageOf(error)}; undoing it stopped as well: ${messageOf(undoError)}`
    throw failed(
      'undo_incomplete',
      message,
      'heroku rds:rollback goes on undoing',
      'heroku rds:status shows what is in effect',
    )
  }
}

/** Part of the budget is kept for undoing, so that the app is back within it. */
const RESERVE = 0.2
const LONGEST_RESERVE_SECONDS = 60

function watchBudget(
  steps: readonly Step[],
  {settings, clock}: Migration,
  inEffect: readonly StepRecord[],
  budget: AbortController,
) {
  const first = steps.find((step) => step.window === 'inside')
  const opened = inEffect.find((record) => record.step === first?.id)?.startedAt
  let timer: NodeJS.Timeout | undefined
  const start = (since: Date) => {
    if (timer || settings.budgetSeconds === undefined) return
    const reserve = Math.min(settings.budgetSeconds * RESERVE, LONGEST_RESERVE_SECONDS)
    const left = (settings.budgetSeconds - reserve) * 1000 - (clock.now().getTime() - since.getTime())
    const message = `the window would exceed its budget of ${settings.budgetSeconds} s; everything has been undone`
    const exceeded = failed(
      'budget_exceeded',
      message,
      'allow a longer --budget',
      'heroku rds:assess shows the arithmetic of the window',
    )
    timer = setTimeout(() => budget.abort(exceeded), Math.max(left, 0))
  }

  if (opened) start(opened)
  return {
    /** The clock of the window runs from the step before its first one. */
    windowMayHaveOpened(step: Step) {
      if (first && steps[steps.indexOf(step) + 1] === first) start(clock.now())
    },
    stop: () => clearTimeout(timer),
  }
}
