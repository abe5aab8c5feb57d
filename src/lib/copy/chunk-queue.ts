import {isMissing, type KnownChunk, type TablePlan} from './chunk-state.js'

export interface ChunkOf {
  plan: TablePlan
  chunk: KnownChunk
}

/**
 * Which chunk a lane copies next. A lane stays with its table: rows then lie on the target in the order they have on the
 * source, which keeps index builds and the app's range scans cheap. Lanes share a table only when no other is left, and
 * then each takes a stretch of its own.
 */
export function chunkQueue(plans: readonly TablePlan[]) {
  /** Runs of neighbouring chunks, largest table first. */
  let waiting = plans
    .map((plan) => plan.chunks.filter(isMissing).map((chunk) => ({plan, chunk})))
    .filter((run) => run.length > 0)
  const begun: ChunkOf[][] = []

  return {
    /** `last` is what the lane has just copied. */
    take(last?: ChunkOf): ChunkOf | undefined {
      const own = last && begun.find((run) => follows(run[0], last))
      const run = own ?? begin(waiting, begun)
      return run?.shift()
    },
    /** For a chunk that did not get through. */
    putBack(failed: ChunkOf): void {
      waiting.unshift([failed])
    },
    /** What is left of a table is not to be copied. */
    drop(plan: TablePlan): void {
      waiting = waiting.filter((run) => run[0]!.plan !== plan)
      for (const run of begun) if (run[0]?.plan === plan) run.length = 0
    },
  }
}

export type ChunkQueue = ReturnType<typeof chunkQueue>

const follows = (next: ChunkOf | undefined, last: ChunkOf): boolean =>
  next?.plan === last.plan && next.chunk.firstPage === last.chunk.nextPage

/** The next table without a lane; else the second half of the longest run that is left. */
function begin(waiting: ChunkOf[][], begun: ChunkOf[][]): ChunkOf[] | undefined {
  let run = waiting.shift()
  if (!run) {
    const longest = begun.reduce<ChunkOf[]>((long, other) => (other.length > long.length ? other : long), [])
    run = longest.splice(Math.floor(longest.length / 2))
  }
  begun.push(run)
  return run.length > 0 ? run : undefined
}
