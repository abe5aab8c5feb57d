import {capturedTables} from '../../capture/captured.js'
import {follow} from '../../capture/follow.js'
import {leavesOf} from '../../capture/captured-table.js'
import {allEnded} from '../../flow/all-ended.js'
import {USUAL_PACE} from '../../flow/pace.js'
import {inWindow} from '../../journal/in-window.js'
import {never, type Step} from '../../runbook/step.js'
import {refuseDifferences} from '../../runbook/steps/verify.js'
import {compareFrozen} from '../../verify/frozen.js'
import {verifyWhileLive} from '../../verify/live.js'
import {describeDifferences} from '../../verify/locate.js'
import {unproven, VERIFIED} from '../../verify/proof.js'
import {compareObjects} from '../../verify/objects.js'
import {compareTouched, frozenEnds, SYNC_STATES, touchedIn} from '../../verify/touched.js'
import {everyAnswer} from '../../postgres/answers.js'
import {forward, type Migration} from '../../runbook/migration.js'

/** What helps where rows differ while the copy follows. */
export const REPAIR = 'heroku rds:verify --repair copies these rows again; then run the same command again'

/** A proof that is older looks at too many touched keys again. */
const FRESH_HOURS = 24

export const verifyBeforeWindow: Step = {
  id: 'verify-live',
  title: 'Verify every row while the app runs',
  window: 'before',
  undo: 'nothing',
  done: async (migration) => (await inWindow(migration)) || (await unproven(migration.target, FRESH_HOURS)).size === 0,

  async run(migration) {
    const {target, signal} = migration
    const captured = await capturedTables(forward(migration))
    const stop = new AbortController()
    const following = follow({...forward(migration), signal: AbortSignal.any([signal, stop.signal])}, USUAL_PACE)
    const broken = following.then(() => signal.throwIfAborted())
    try {
      const verifying = verifyWhileLive(forward(migration), captured, {only: await unproven(target, FRESH_HOURS)})
      const {rows, tables, differences, moved} = await Promise.race([verifying, broken.then(() => verifying)])
      refuseDifferences(describeDifferences(differences), REPAIR)
      const later =
        moved.length > 0
          ? `; ${moved.join(', ')} truncated or rewritten during the comparison: compared in the window`
          : ''
      return `${rows.toLocaleString('en')} rows in ${tables - moved.length} tables are equal${later}`
    } finally {
      stop.abort()
      await following.catch(() => undefined)
    }
  },
}

export const verifyTouched: Step = {
  id: 'verify',
  title: 'Verify the rows touched since, and every object and sequence',
  window: 'inside',
  undo: 'nothing',
  done: never,

  async run(migration) {
    const [surroundings, {pass, whole, proven}] = await allEnded([
      compareObjects(forward(migration), {validatedLater: true}),
      compareRows(migration),
    ])
    refuseDifferences([
      ...surroundings.differences,
      ...pass.compared.flatMap(({differences}) => differences),
      ...describeDifferences(whole?.differences ?? []),
    ])
    const came = pass.grown.reduce((sum, {rows}) => sum + rows, 0n)
    const besides = [
      `${pass.keys.toLocaleString('en')} keys touched since are equal`,
      ...(pass.grown.length > 0
        ? [`${came.toLocaleString('en')} later rows of ${pass.grown.length} tables without a key`]
        : []),
      ...(whole ? [`${whole.rows.toLocaleString('en')} rows of ${whole.tables} tables were compared whole`] : []),
      ...(surroundings.largeObjects > 0 ? [`${surroundings.largeObjects} large objects`] : []),
      `${surroundings.objects} objects`,
    ]
    return `${Number(proven.rows).toLocaleString('en')} rows were found equal while the app ran; ${besides.join(', ')}`
  },
}

async function compareRows(migration: Migration) {
  const sides = forward(migration)
  const [{tables}, {states, proven}] = await allEnded([
    capturedTables(sides),
    everyAnswer(migration.target, {states: SYNC_STATES, proven: VERIFIED}),
  ])
  const pass = await compareTouched(touchedIn(states, tables), frozenEnds(sides), migration.signal)
  const whole = pass.whole.length > 0 ? await compareFrozen(sides, pass.whole.flatMap(leavesOf)) : undefined
  return {pass, whole, proven}
}
