import {failed, messageOf, notRefused, type RdsError} from '../ports/errors.js'
import {codeOf, TAKEN_OVER} from '../postgres/sqlstate.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {refusalOf} from '../postgres/refusal.js'
import type {Ended, Waits} from '../ports/ports.js'
import type {Migration} from './migration.js'
import {assertClaimed, leaveUndone} from '../fence/claim.js'
import {closeEndedWindow} from './ended-window.js'
import {inEffect} from '../journal/records.js'
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
  const journal = rememberJournal(given.journal)
  const migration = {...given, journal}
  const committed = await committedStep(steps, migration)
  if (committed < 0) await closeEndedWindow(steps, migration)
  const budget = await watchBudget(steps, migration)
  const signal = AbortSignal.any([migration.signal, budget.signal])
  const bounded = {...migration, signal, heroku: given.heroku.under(signal, PATIENCE.forward)}
  const interruption = interruptOnAbort(bounded)

  const unwritten = new Unwritten(migration)
  let past = committed >= 0
  try {
    for (const step of steps.slice(Math.max(committed, 0))) {
      if (step.pointOfNoCheapReturn) {
        signal.throwIfAborted()
        budget.stop()
        interruption.stop()
        past = true
        await doStep(step, stayingWith(migration), unwritten)
      } else {
        await doStep(step, bounded, unwritten)
        budget.passed(step)
      }
    }
    await unwritten.write()
  } catch (error) {
    if (!past) await interruption.sent()
    if (!isLostConnection(error)) await unwritten.write().catch(() => undefined)
    if (past) throw stoppedAfterGate(error)
    const {source, guard} = migration
    const back = journal.back({
      assertHeld: () => assertClaimed(source, guard.source),
      leave: (undone) => leaveUndone(source, guard.source, undone),
    })
    await undoEverything(undoneByWindow(steps, migration), {...migration, journal: back}, error)
    throw error
  } finally {
    budget.stop()
    interruption.stop()
  }
}

/**
 * For what nothing but an error may end: an app is closed, and waits for it. A connection to the target that breaks just when a change on
 * Heroku is to be made is none: whether the migration is still ours is asked again, for as long as an outage of Heroku's is waited out.
 */
function stayingWith(migration: Migration): Migration {
  const {signal} = new AbortController()
  const {heroku, journal, clock} = migration
  const guard = async () => {
    for (const begun = clock.now().getTime(); ;) {
      try {
        return await journal.assertHeld()
      } catch (error) {
        const seconds = (clock.now().getTime() - begun) / 1000
        if (!isLostConnection(error) || seconds > PATIENCE.closed.patienceSeconds) throw error
        await clock.sleep(ASK_AGAIN_MS, signal)
      }
    }
  }
  return {...migration, signal, heroku: heroku.under(signal, {...PATIENCE.closed, guard})}
}

const ASK_AGAIN_MS = 1000

/** Where the run stands past the point of no cheap return; -1 before it. */
async function committedStep(steps: readonly Step[], {journal}: Migration): Promise<number> {
  const records = await journal.records()
  return steps.findIndex((step) => step.pointOfNoCheapReturn && inEffect(records, step))
}

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

/** How the last step ended: that is written along with the beginning of the next. Until then the journal says that it was started. */
class Unwritten {
  readonly #migration: Pick<Migration, 'clock' | 'journal'>
  #last: {step: string; evidence: string; waits: Waits; at: number} | undefined

  constructor(migration: Pick<Migration, 'clock' | 'journal'>) {
    this.#migration = migration
  }

  ended(step: string, evidence: string, waits: Waits): void {
    this.#last = {step, evidence, waits, at: this.#migration.clock.now().getTime()}
  }

  /** Writes it, with an entry of the next step where there is one. */
  async write(entry = (ended?: Ended) => (ended ? this.#migration.journal.finished(ended) : undefined)): Promise<void> {
    const last = this.#last
    if (!last) return void (await entry())
    const {at, ...rest} = last
    await entry({...rest, secondsAgo: (this.#migration.clock.now().getTime() - at) / 1000})
    this.#last = undefined
  }
}

const doStep = (step: Step, migration: Migration, unwritten: Unwritten): Promise<void> =>
  counted(async (soFar) => {
    const {journal, operator, clock, signal} = migration
    const {id, title} = step
    signal.throwIfAborted()
    if (await step.done(migration)) {
      await unwritten.write((before) => journal.foundDone(id, before))
      operator.step({kind: 'found done', title, waits: soFar()})
      return
    }

    const begun = clock.now()
    operator.step({kind: 'started', title})
    await unwritten.write((before) => journal.started(id, before))
    try {
      const evidence = await step.run(migration)
      signal.throwIfAborted()
      const seconds = (clock.now().getTime() - begun.getTime()) / 1000
      unwritten.ended(id, evidence, soFar())
      operator.step({kind: 'finished', title, seconds, detail: evidence, waits: soFar()})
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : refusalOf(error, title)
      operator.step({kind: 'failed', title, detail: messageOf(reason)})
      await journal.failed(id, messageOf(reason)).catch(() => undefined)
      throw step.window === 'inside' ? notRefused(reason) : reason
    }
  })

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
    if (codeOf(undoError) === TAKEN_OVER) return migration.operator.tell(`${messageOf(undoError)}: the rest is theirs`)
    throw failed(
      'undo_incomplete',
      `${messageOf(error)}; undoing it stopped as well: ${messageOf(undoError)}`,
      'heroku rds:rollback goes on undoing',
      'heroku rds:status shows what is in effect',
    )
  }
}
