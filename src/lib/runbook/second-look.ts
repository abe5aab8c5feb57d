import type {AppBefore} from '../apps/app.js'
import {isSwitched, switchApp} from '../apps/switch.js'
import {switchBack} from '../apps/switch-back.js'
import {startWriters, stillStopped} from '../apps/writers.js'
import {allEnded} from '../flow/all-ended.js'
import {inWindow, WINDOW_BEGINS} from '../journal/in-window.js'
import {inEffect} from '../journal/records.js'
import {noteOf} from '../journal/notes.js'
import {messageOf} from '../ports/errors.js'
import type {StepRecord} from '../ports/ports.js'
import type {Migration} from './migration.js'
import {PATIENCE} from './patience.js'
import type {Step} from './step.js'

/** Each look takes some six requests for each app, of which an account has 75 a minute. */
const LOOK_MS = 10_000

interface Succession {
  predecessor: Predecessor | undefined
  steps: readonly Step[]
  /** For how long what was asked of Heroku may still come true. */
  lateSeconds: number
}

/** Another operator who held the lock and did not give it back. */
export interface Predecessor {
  operator: string
  command: string
}

/**
 * Does a command's work, for an operator who took over from one that ended without a word: what that one had sent to Heroku may still come
 * true. So the apps are looked at again, and put right, until no request of that time can be under way any more.
 */
export async function lookingAgain<T>(
  migration: Migration,
  {predecessor, steps, lateSeconds}: Succession,
  work: () => Promise<T>,
): Promise<T> {
  if (!predecessor || !mayHaveAsked(steps, predecessor, await migration.journal.records())) return work()
  const {clock, operator} = migration
  const until = clock.now().getTime() + lateSeconds * 1000
  const apps = await noteOf(migration, 'apps')
  const look = async () => {
    const seconds = Math.ceil((until - clock.now().getTime()) / 1000)
    if (seconds <= 0 || migration.signal.aborted) return
    operator.tell(
      `${predecessor.operator} ran ${predecessor.command} and ended without a word: whether what it had asked of Heroku still comes true is looked at for ${seconds} s`,
    )
    const patient = {...migration, heroku: migration.heroku.under(migration.signal, PATIENCE.closed)}
    await lookUntil(patient, apps ?? [], until).catch((error: unknown) => {
      if (!migration.signal.aborted) operator.tell(`warning: ${messageOf(error)}`)
    })
  }
  try {
    return await work()
  } finally {
    await look()
  }
}

/** Whether a change of the apps may have been under way; a run that went forward says by its journal in which step it ended. */
function mayHaveAsked(steps: readonly Step[], {command}: Predecessor, records: readonly StepRecord[]): boolean {
  const began = inEffect(records, {id: WINDOW_BEGINS})
  if (!began) return false
  const goingBack = command === 'rds:rollback' || records.some(({undoneAt}) => undoneAt && undoneAt > began.startedAt)
  const last = records
    .filter(({undoneAt}) => !undoneAt)
    .reduce((one, other) => (other.startedAt > one.startedAt ? other : one))
  if (goingBack || last.finishedAt || last.evidence !== null) return true
  return steps.some(({id, changesApps}) => changesApps && id === last.step)
}

async function lookUntil(migration: Migration, before: readonly AppBefore[], until: number): Promise<void> {
  const {clock, signal} = migration
  for (let last = false; !last;) {
    last = clock.now().getTime() >= until
    const apps = (await noteOf(migration, 'apps')) ?? before
    const opened = (await noteOf(migration, 'opened')) !== undefined
    // A window that stands has an end of its own.
    if (!opened && (await inWindow(migration))) return
    await allEnded(apps.map((app) => putRight(migration, app, opened)))
    if (!last) await clock.sleep(Math.min(LOOK_MS, until - clock.now().getTime()), signal)
  }
}

/** An app as this operator left it: `opened` on the target, or back on the source. */
async function putRight(migration: Migration, app: AppBefore, opened: boolean): Promise<void> {
  const {heroku, operator} = migration
  if (!opened) await switchBack(migration, app)
  else if (!(await isSwitched(migration, app))) await switchApp(migration, app)
  const [formation, {maintenance}] = await allEnded([heroku.formation(app.name), heroku.app(app.name)])
  if (stillStopped(app, formation).length > 0) await startWriters(migration, app, {meanwhile: true})
  if (app.generation === 'cedar' && maintenance && !app.maintenance) {
    await heroku.setMaintenance(app.name, false)
    operator.tell(`${app.name}: maintenance had come on once more, and is off again`)
  }
}
