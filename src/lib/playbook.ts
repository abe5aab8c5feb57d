import type {Method} from './methods/method.js'
import type {Step} from './runbook/step.js'
import {armWayBack} from './runbook/steps/arm-way-back.js'
import {claimTarget} from './runbook/steps/claim-target.js'
import {enterMaintenance} from './runbook/steps/enter-maintenance.js'
import {freezeSource} from './runbook/steps/freeze-source.js'
import {gate} from './runbook/steps/gate.js'
import {installFence} from './runbook/steps/install-fence.js'
import {open} from './runbook/steps/open.js'
import {preflight} from './runbook/steps/preflight.js'
import {reconcile} from './runbook/steps/reconcile.js'
import {smokeTest} from './runbook/steps/smoke-test.js'
import {stopWriters} from './runbook/steps/stop-writers.js'
import {switchApps} from './runbook/steps/switch-apps.js'

/**
 * The whole migration, in order. A method fills four gaps; everything else is the same for all. Both databases are
 * fenced from `armWayBack` to `open`, so at no moment can both take writes, and `open` lowers only the target's fence.
 */
export function runbookFor(method: Method): readonly Step[] {
  return [
    preflight,
    claimTarget,
    installFence,
    ...method.before,
    ...method.ready,

    enterMaintenance,
    stopWriters,
    freezeSource,
    ...method.drain,
    reconcile,
    method.verify,
    armWayBack,
    switchApps,
    smokeTest,
    gate, // the last cheap exit
    open,
    ...method.after,
  ]
}

/** What `rds:start` does: everything that can be done long before the window. `first`: after a change of the schema, say. */
export const preparationFor = (method: Method, first: readonly Step[] = []): readonly Step[] => [
  preflight,
  claimTarget,
  installFence,
  ...first,
  ...method.before,
]
