import {failed} from '../ports/errors.js'
import type {StepRecord} from '../ports/ports.js'
import type {Migration} from './migration.js'
import type {Step} from './step.js'

/** Part of the budget is kept for undoing, so that the app is back within it. */
const RESERVE = 0.2
const LONGEST_RESERVE_SECONDS = 60

/** Aborts its signal when the window, were it undone now, would just fit its budget. A resumed window goes on counting. */
export function watchBudget(steps: readonly Step[], {settings, clock}: Migration, inEffect: readonly StepRecord[]) {
  const controller = new AbortController()
  const first = steps.findIndex((step) => step.window === 'inside')
  const budget = settings.budgetSeconds
  let timer: NodeJS.Timeout | undefined

  const start = (since: Date) => {
    if (timer || budget === undefined) return
    const reserve = Math.min(budget * RESERVE, LONGEST_RESERVE_SECONDS)
    const left = (budget - reserve) * 1000 - (clock.now().getTime() - since.getTime())
    const exceeded = failed(
      'budget_exceeded',
      `the window would exceed its budget of ${budget} s`,
      'allow a longer --budget',
      'heroku rds:assess shows the arithmetic of the window',
    )
    timer = setTimeout(() => controller.abort(exceeded), Math.max(left, 0))
  }

  const opened = inEffect.find((record) => record.step === steps[first]?.id)
  if (opened) start(opened.startedAt)
  return {
    signal: controller.signal,
    /** The clock of the window runs from the end of the last step before it. */
    passed(step: Step) {
      if (steps[first - 1] === step) start(clock.now())
    },
    stop: () => clearTimeout(timer),
  }
}
