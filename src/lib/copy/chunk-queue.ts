import {type Bounds, firstWithin} from '../flow/batches.js'
import {isMissing, type KnownChunk, type TablePlan} from './chunk-state.js'

export interface ChunkOf {
  plan: TablePlan
  chunk: KnownChunk
}

/** What a lane copies in one go: a chunk of a large table, or several small tables. */
export type Load = readonly ChunkOf[]

/** Small tables of one load: it waits as often as one of them would alone, and is bounded so that lanes end together. */
const SMALL: Bounds = {items: 100, bytes: 4 * 1024 ** 2}

/** No larger than a chunk of this size. */
export const smallOf = (size: number): Bounds => ({...SMALL, bytes: Math.min(SMALL.bytes, size)})

/**
 * What a lane copies next. A lane stays with its table: rows then lie on the target in the order they have on the
 * source, which keeps index builds and the app's range scans cheap. Lanes share a table only when no other is left, and
 * then each takes a stretch of its own. Small tables go together.
 */
export function chunkQueue(plans: readonly TablePlan[], small: Bounds) {
  /** Runs of neighbouring chunks, largest table first. */
  let waiting = runsOf(plans, small)
  const begun: Load[][] = []

  return {
    /** `last` is what the lane has just copied. */
    take(last?: Load): Load | undefined {
      const own = last && begun.find((run) => follows(run[0], last))
      const run = own ?? begin(waiting, begun)
      return run?.shift()
    },
    /** For what did not get through. */
    putBack(failed: Load): void {
      if (failed.length > 0) waiting.unshift([failed])
    },
    /** What is left of a table is not to be copied. */
    drop(plan: TablePlan): void {
      const without = (run: readonly Load[]) =>
        run.map((load) => load.filter((one) => one.plan !== plan)).filter((load) => load.length > 0)
      waiting = waiting.map(without).filter((run) => run.length > 0)
      for (const run of begun) run.splice(0, run.length, ...without(run))
    },
  }
}

export type ChunkQueue = ReturnType<typeof chunkQueue>

function runsOf(plans: readonly TablePlan[], bounds: Bounds): Load[][] {
  const missing = plans.map((plan) => plan.chunks.filter(isMissing).map((chunk) => ({plan, chunk})))
  const isSmall = ([first, ...more]: Load) =>
    first !== undefined && more.length === 0 && first.plan.chunks.length === 1 && first.chunk.bytes <= bounds.bytes
  const runs = missing.filter((run) => run.length > 0 && !isSmall(run)).map((run) => run.map((one) => [one]))
  const small = missing.filter(isSmall).flat()
  while (small.length > 0)
    runs.push([
      small.splice(
        0,
        firstWithin(
          small.map(({chunk}) => chunk),
          SMALL,
        ),
      ),
    ])
  return runs
}

const follows = ([next]: Load = [], [last]: Load): boolean =>
  next?.plan === last!.plan && next.chunk.firstPage === last!.chunk.nextPage

/** The next table without a lane; else the second half of the longest run that is left. */
function begin(waiting: Load[][], begun: Load[][]): Load[] | undefined {
  let run = waiting.shift()
  if (!run) {
    const longest = begun.reduce<Load[]>((long, other) => (other.length > long.length ? other : long), [])
    run = longest.splice(Math.floor(longest.length / 2))
  }
  begun.push(run)
  return run.length > 0 ? run : undefined
}
