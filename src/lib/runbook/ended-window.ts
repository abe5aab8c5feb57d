import {fenceState, type FenceState} from '../fence/fence.js'
import {allEnded} from '../flow/all-ended.js'
import {inWindow, WINDOW_BEGINS} from '../journal/in-window.js'
import {inEffect} from '../journal/records.js'
import type {Notes} from '../journal/notes.js'
import type {StepRecord} from '../ports/ports.js'
import type {Migration} from './migration.js'
import {PATIENCE} from './patience.js'
import {rollback, undoneByWindow} from './rollback.js'
import type {Step} from './step.js'

/** What tells whether a window that the journal has in effect still stands. */
export interface WindowSeen {
  records: readonly StepRecord[]
  notes: Partial<Pick<Notes, 'apps' | 'frozen' | 'restored'>>
  fence: FenceState
  /** Apps that show no maintenance page. */
  open: readonly string[]
}

/**
 * Why a window that was not opened yet is over, whatever the journal says; undefined while it stands, or where there is none. The journal
 * can lag behind: by one step when a process was killed, by all of them when the target was out of reach or was restored to an earlier state.
 */
export function whyOver(steps: readonly Step[], {records, notes, fence, open}: WindowSeen): string | undefined {
  const began = inEffect(records, {id: WINDOW_BEGINS})
  const opened = steps.some((step) => step.pointOfNoCheapReturn && inEffect(records, step))
  if (!began || opened) return undefined
  const undone = steps.find(
    ({id, window}) =>
      window === 'inside' && records.some(({step, undoneAt}) => step === id && undoneAt && undoneAt > began.startedAt),
  )
  if (undone) return `the undoing of the window had begun ("${undone.title}")`
  if (notes.restored) return 'the target was restored to an earlier state'
  if (notes.frozen && fence !== 'raised') return 'the source takes writes'
  const withPage = (notes.apps ?? []).filter(({generation}) => generation === 'cedar')
  // Fir apps have no maintenance mode: whether they still run cannot be seen.
  if (!notes.frozen && withPage.length === 0) return 'the source was not frozen yet'
  const shown = withPage.filter(({name}) => open.includes(name))
  if (shown.length > 0) return `${shown.map(({name}) => name).join(', ')} is out of maintenance`
  return undefined
}

/** Closes such a window in the journal, and undoes what it left, so that the next one begins with the preflight. */
export async function closeEndedWindow(steps: readonly Step[], migration: Migration): Promise<void> {
  if (!steps.some(({window}) => window === 'inside') || !(await inWindow(migration))) return
  const {journal, source, heroku, signal, operator} = migration
  const {records, notes} = (await journal.read()) as {records: StepRecord[]; notes: Partial<Notes>}
  const [fence, open] = await allEnded([fenceState(source), openApps(heroku, notes.apps ?? [])])
  const why = whyOver(steps, {records, notes, fence, open})
  if (why === undefined) return
  operator.tell(`${why}: that window is over. What it left is undone, and a new one begins`)
  await rollback(undoneByWindow(steps, migration), {...migration, heroku: heroku.under(signal, PATIENCE.closed)})
}

async function openApps(heroku: Migration['heroku'], apps: Notes['apps']): Promise<string[]> {
  const now = await allEnded(apps.map(({name}) => heroku.app(name)))
  return now.filter(({maintenance}) => !maintenance).map(({name}) => name)
}
