import {WINDOW_BEGINS} from '../journal/in-window.js'
import {inEffect} from '../journal/records.js'
import {failed} from '../ports/errors.js'
import {secondsSince} from '../postgres/server-clock.js'
import type {Migration} from './migration.js'
import type {Step} from './step.js'

/** Part of the budget is kept for undoing, so that the app is back within it. */
const RESERVE = 0.2
const LONGEST_RESERVE_SECONDS = 60

const LOOK_MS = 250

/**
 * Aborts its signal when the window, were it undone now, would just fit its budget. A resumed window goes on counting, by the clock of the
 * target, on which its beginning was noted. A machine that was asleep counts that time as well: no timer of its own does.
 */
export async function watchBudget(steps: readonly Step[], migration: Migration) {
  const {settings, clock} = migration
  const controller = new AbortController()
  const first = steps.findIndex((step) => step.window === 'inside')
  const budget = settings.budgetSeconds
  let watch: NodeJS.Timeout | undefined

  const start = (secondsBefore: number) => {
    if (watch || budget === undefined) return
    const left = (budget - Math.min(budget * RESERVE, LONGEST_RESERVE_SECONDS) - secondsBefore) * 1000
    const exceeded = failed(
      'budget_exceeded',
      `the window would exceed its budget of ${budget} s`,
      'allow a longer --budget',
      'heroku rds:assess shows the arithmetic of the window',
    )
    const [begun, ticks] = [clock.now().getTime(), performance.now()]
    const look = () => {
      // Either clock can stand still or be put back: the one of a machine that sleeps, and the one on the wall.
      if (Math.max(clock.now().getTime() - begun, performance.now() - ticks) >= left) controller.abort(exceeded)
    }
    watch = setInterval(look, LOOK_MS)
    look()
  }

  if (budget !== undefined) {
    const began = inEffect(await migration.journal.records(), {id: WINDOW_BEGINS})
    if (began) start(await secondsSince(migration.target, began.startedAt))
  }
  return {
    signal: controller.signal,
    /** The clock of the window runs from the end of the last step before it. */
    passed(step: Step) {
      if (steps[first - 1] === step) start(0)
    },
    stop: () => clearInterval(watch),
  }
}
