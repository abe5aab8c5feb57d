import type {Journal, JournalState, Waits} from '../ports/ports.js'
import type {Notes} from '../journal/notes.js'
import type {Step} from './step.js'

export interface TimelineEntry {
  id: string
  title: string
  window: Step['window']
  startedAt: Date
  /** Until the next thing began for steps found done; undefined while it runs or when it failed. */
  seconds?: number
  evidence: string | null
  /** Requests that had to wait for one another; left out while there are none to tell of. */
  waits?: Waits
  undone: boolean
}

export interface Timeline {
  entries: TimelineEntry[]
  /** Maintenance on to maintenance off. */
  windowSeconds?: number
  /** Source refuses writes to target accepts them. */
  writePauseSeconds?: number
}

/** What was done and how long it took, from the journal alone. */
export const timelineOf = async (steps: readonly Step[], journal: Journal): Promise<Timeline> =>
  timelineFrom(steps, await journal.read(TIMELINE_NOTES))

/** The notes that a timeline rests on. */
export const TIMELINE_NOTES = ['frozen', 'opened'] as const

/** The same of what was read. */
export function timelineFrom(steps: readonly Step[], state: JournalState): Timeline {
  const {frozen, opened} = state.notes as Partial<Notes>
  const records = new Map(state.records.map((record) => [record.step, record]))
  const entries = steps.flatMap((step): TimelineEntry[] => {
    const record = records.get(step.id)
    if (!record) return []
    const {startedAt, finishedAt, undoneAt, evidence, waits} = record
    const seconds = finishedAt ? (finishedAt.getTime() - startedAt.getTime()) / 1000 : undefined
    return [
      {
        id: step.id,
        title: step.title,
        window: step.window,
        startedAt,
        ...(seconds === undefined ? {} : {seconds}),
        evidence,
        ...(waits ? {waits} : {}),
        undone: undoneAt !== null,
      },
    ]
  })
  const inside = steps.filter(({window}) => window === 'inside').map(({id}) => records.get(id))
  const [first, last] = [inside.at(0), inside.at(-1)]
  return {
    entries,
    ...(first && last?.finishedAt
      ? {windowSeconds: (last.finishedAt.getTime() - first.startedAt.getTime()) / 1000}
      : {}),
    ...(frozen?.at && opened ? {writePauseSeconds: (Date.parse(opened.at) - Date.parse(frozen.at)) / 1000} : {}),
  }
}
