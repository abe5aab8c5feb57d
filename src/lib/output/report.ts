import type {Eligibility} from '../ports/assessment.js'
import type {FenceState} from '../fence/fence.js'
import type {Status} from '../actions/status.js'
import type {Step} from '../runbook/step.js'
import type {CopyState} from '../copy/copy-state.js'
import type {Verified} from '../verify/proof.js'
import type {Timeline} from '../runbook/timeline.js'
import {describeWrites} from '../fence/landed-writes.js'
import type {Verification} from '../verify/contents.js'
import {describeDifferences, type Difference} from '../verify/locate.js'
import {bytes, seconds} from '../ports/figures.js'
import {clockTime, table, wrap} from './text.js'
import {termLine} from './window.js'

/** The runbook as the run executes it. */
export function runbookReport(steps: readonly Step[], window: Eligibility['window']): string[] {
  const rows = steps.map(({title, window: place, undo, pointOfNoCheapReturn}) => [
    place === 'inside' ? 'window' : place,
    title,
    pointOfNoCheapReturn
      ? 'undone while no write has landed'
      : undo === 'nothing'
        ? ''
        : undo === 'impossible'
          ? 'cannot be undone'
          : 'undone by rollback',
  ])
  return [
    ...table(rows),
    '',
    `The window: about ${seconds(window.seconds)}, by arithmetic`,
    ...window.terms.map(termLine),
  ]
}

/** What was done when, with the two figures that matter. */
export function timelineReport({entries, windowSeconds, writePauseSeconds}: Timeline): string[] {
  const rows = entries.map(({startedAt, title, seconds: took, evidence, undone}) => [
    clockTime(startedAt),
    undone ? `${title} (undone)` : title,
    took === undefined ? '–' : seconds(took),
    evidence ?? '',
  ])
  return [
    ...table(rows.map((row) => row.slice(0, 3))).flatMap((line, i) => [line, ...wrap(rows[i]![3]!, '          ')]),
    '',
    ...(writePauseSeconds === undefined ? [] : [`write pause ${seconds(writePauseSeconds)}`]),
    ...(windowSeconds === undefined ? [] : [`window ${seconds(windowSeconds)}`]),
  ]
}

const FENCES: Record<FenceState, string> = {
  absent: 'takes writes',
  lowered: 'takes writes, fence in place',
  raised: 'refuses writes',
}

/** `1.2 GB of 3.4 GB, 12 of 40 tables, 45.1 MB/s, about 2 min left for the rows`. */
function copyLine({bytes: done, totalBytes, tables, totalTables, bytesPerSecond, secondsLeft}: CopyState): string {
  return [
    `${bytes(done)} of ${bytes(totalBytes)}`,
    `${tables} of ${totalTables} tables`,
    ...(bytesPerSecond > 0 ? [`${bytes(bytesPerSecond)}/s`] : ['nothing moved in the last minute']),
    ...(secondsLeft === undefined ? [] : [`about ${seconds(secondsLeft)} left for the rows`]),
  ].join(', ')
}

const verifiedLine = ({tables, of, since, rows}: Verified): string =>
  tables === 0
    ? 'not yet: heroku rds:verify, or the cutover itself, does it while the app runs'
    : `${tables} of ${of} tables, ${Number(rows).toLocaleString('en')} rows, since ${since}`

/** Where the migration stands. */
export function statusReport(status: Status): string[] {
  const {app, phase, next, method, source, target, timeline, landed, copy, lag, verified, contradictions} = status
  return [
    `=== ${app}: ${phase}`,
    '',
    ...table([
      ['Method', method ?? 'not chosen yet'],
      ['Source', `${source.addon} ${FENCES[source.fence]}`],
      ['Target', target ? `${target.place} ${FENCES[target.fence]}` : 'none named: export RDS_DATABASE_URL'],
      ...(copy ? [['Copied', copyLine(copy)]] : []),
      ...(lag ? [['Lag', lag.words]] : []),
      ...(verified ? [['Verified', verifiedLine(verified)]] : []),
      ...(phase === 'live'
        ? [['Written to RDS', landed.length > 0 ? describeWrites(landed) : 'nothing yet: rds:rollback loses nothing']]
        : []),
    ]),
    '',
    ...(timeline && timeline.entries.length > 0 ? [...timelineReport(timeline), ''] : []),
    ...(contradictions.length > 0 ? [...contradictions.map((line) => `Contradiction: ${line}`), ''] : []),
    `Next: ${next}`,
  ]
}

export interface VerificationResult {
  app: string
  equal: boolean
  tables: number
  /** As text: a count can exceed 2^53. */
  rows: string
  seconds: number
  differences: Difference[]
  /** Tables that could not be compared: they were truncated or rewritten meanwhile. */
  moved: string[]
  /** Some rows of each table only: nothing is proven. */
  sampled?: true
}

const SHOWN = 50

/** What was compared, and each row that differs; what a row holds is in no line unless `showRows`, and never in the result. */
export function verificationReport(
  app: string,
  {tables, rows, bytes: compared, differences, moved, sampled}: Verification,
  took: number,
  {showRows = false} = {},
): {result: VerificationResult; lines: string[]} {
  const equal = differences.length === 0 && moved.length === 0
  const unread = moved.map((table) => `  ${table} was truncated or rewritten during the comparison: verify again`)
  const what = sampled
    ? `a sample of ${rows.toLocaleString('en')} rows of ${tables} tables, in ${seconds(took)}`
    : `${rows.toLocaleString('en')} rows of ${tables - moved.length} tables, ${bytes(compared)}, in ${seconds(took)}`
  return {
    result: {
      app,
      equal,
      ...(sampled ? {sampled} : {}),
      tables,
      rows: rows.toString(),
      seconds: took,
      differences,
      moved,
    },
    lines: [
      `${app}: ${what}: ${verdictOf(differences, moved)}`,
      ...describeDifferences(differences, SHOWN, {showRows}).map((line) => `  ${line}`),
      ...unread,
    ],
  }
}

function verdictOf(differences: readonly Difference[], moved: readonly string[]): string {
  const unread = `${moved.length} ${moved.length === 1 ? 'table' : 'tables'} could not be compared`
  if (differences.length === 0) return moved.length === 0 ? 'all equal' : `no difference found, but ${unread}`
  const differ = differences.length === 1 ? '1 row differs' : `${differences.length} rows differ`
  return moved.length === 0 ? differ : `${differ}, and ${unread}`
}
