import {assess} from '../assessment/assess.js'
import {windowOf} from '../assessment/window.js'
import {defaultMethod, methodNamed} from '../methods/index.js'
import type {OpenMigration} from '../open/migration.js'
import type {Options} from '../open/options.js'
import {withWorld} from '../open/world.js'
import {runbookFor} from '../playbook.js'
import type {Eligibility, MethodId} from '../ports/assessment.js'
import {run} from '../runbook/run.js'
import type {Step} from '../runbook/step.js'
import {type Timeline, timelineOf} from '../runbook/timeline.js'

export interface Plan {
  method: MethodId
  steps: readonly Step[]
  window: Eligibility['window']
}

/** What a cutover would do, and how long its window would be: by the method that is named, else by the one under way. Changes nothing. */
export async function planCutover(options: Options, method: MethodId | undefined): Promise<Plan> {
  return withWorld(options, async (world) => {
    const planned = methodNamed(method ?? world.record?.method ?? defaultMethod.id)!
    return {
      method: planned.id,
      steps: runbookFor(planned),
      window: windowOf(planned, await assess(world, {measureLines: true})),
    }
  })
}

/** The whole runbook, from where it stands to the app on the target. */
export async function cutOver(migration: OpenMigration): Promise<Timeline> {
  const steps = runbookFor(migration.method)
  await run(steps, migration)
  return timelineOf(steps, migration.journal)
}
