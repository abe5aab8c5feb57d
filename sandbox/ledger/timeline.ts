import type {AcknowledgedEntry} from './entries.js'

/** A stretch of time in which one database took all writes. */
interface Run {
  database: string
  writes: number
  firstSent: number
  firstAcked: number
  lastAcked: number
}

/**
 * How the writes moved between databases. `order` names the databases that should have taken them, one after the other:
 * `[source, target]` for a cutover, `[source, target, source]` for one that was rolled back.
 *
 * overlapSeconds is an upper bound of the time in which two databases took writes: at each change, from the first write
 * sent to the new one to the last one acknowledged by the old one, however late that was. gapSeconds is the longest time
 * at a change in which nothing was acknowledged.
 */
export function measureChanges(
  entries: AcknowledgedEntry[],
  order: string[],
): {overlapSeconds: number; gapSeconds: number} {
  const runs = toRuns(entries.filter(({database}) => order.includes(database)))
  const phases = assignPhases(runs, order)
  let overlap = 0
  let gap = 0
  for (let next = 1; next < order.length; next++) {
    const before = runs.filter((_, index) => phases[index] === next - 1)
    const after = runs.filter((_, index) => phases[index] === next)
    if (before.length === 0 || after.length === 0) continue
    const lastAcked = Math.max(...before.map((run) => run.lastAcked))
    overlap += Math.max(0, lastAcked - Math.min(...after.map((run) => run.firstSent)))
    gap = Math.max(gap, Math.min(...after.map((run) => run.firstAcked)) - lastAcked)
  }

  return {overlapSeconds: overlap / 1000, gapSeconds: gap / 1000}
}

function toRuns(entries: AcknowledgedEntry[]): Run[] {
  const runs: Run[] = []
  for (const {database, sent, acked} of [...entries].sort((a, b) => a.acked - b.acked)) {
    let run = runs.at(-1)
    if (run?.database !== database) {
      run = {database, writes: 0, firstSent: sent, firstAcked: acked, lastAcked: acked}
      runs.push(run)
    }

    run.writes++
    run.firstSent = Math.min(run.firstSent, sent)
    run.lastAcked = acked
  }

  return runs
}

/** Cuts the runs into the expected phases so that the fewest writes are in the wrong one, and returns those to their own. */
function assignPhases(runs: Run[], order: string[]): number[] {
  const cuts = fewestMisplaced(runs, order)
  return runs.map((run, index) => {
    const phase = cuts[index]!
    if (order[phase] === run.database) return phase
    if (phase === 0) return 1
    if (phase === order.length - 1) return phase - 1
    const members = runs.filter((_, other) => cuts[other] === phase)
    const sinceStart = run.lastAcked - members[0]!.firstSent
    const untilEnd = members.at(-1)!.lastAcked - run.firstSent
    return sinceStart <= untilEnd ? phase - 1 : phase + 1
  })
}

function fewestMisplaced(runs: Run[], order: string[]): number[] {
  let best = order.map(() => ({misplaced: 0, path: [] as number[]}))
  for (const run of runs) {
    let from = best[0]!
    best = order.map((database, phase) => {
      if (best[phase]!.misplaced < from.misplaced) from = best[phase]!
      const misplaced = from.misplaced + (database === run.database ? 0 : run.writes)
      return {misplaced, path: [...from.path, phase]}
    })
  }

  return best.reduce((a, b) => (b.misplaced < a.misplaced ? b : a)).path
}
