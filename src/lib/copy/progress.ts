import type {Clock, CopyProgress, Operator} from '../ports/ports.js'
import type {Load} from './chunk-queue.js'
import {isMissing, isUnfinished, type TablePlan} from './chunk-state.js'
import type {Build} from './post-data.js'

const EVERY_MS = 1000

/** Whether a piece of work came to its end or has to be done again. */
export interface Running {
  sent(bytes: number): void
  done(): void
  failed(): void
}

/**
 * Tells the operator once a second how far a copy is; its chunks know themselves whether they are there. Work is measured by what it
 * takes up on the source: the bytes of tables, and of the indexes that are to be built on them. Before anything is done, the line tells
 * the time that is left.
 */
export function progressOf(
  plans: readonly TablePlan[],
  indexes: readonly Build[],
  {clock, operator, lineBytesPerSecond}: {clock: Clock; operator: Operator; lineBytesPerSecond: number | undefined},
) {
  const begun = clock.now()
  const bytesOf = (list: readonly {bytes: number}[]) => list.reduce((sum, {bytes}) => sum + bytes, 0)
  const chunks = () => plans.flatMap((plan) => plan.chunks)
  const copied = () => bytesOf(chunks().filter((chunk) => !isMissing(chunk)))
  const before = copied()

  const running = new Set<{what: string; table: string; bytes: number; sent: number}>()
  let [built, indexesBuilt, sent, lastSent] = [0, 0, 0, 0]
  let advanced = begun
  let lastTold = begun

  const snapshot = (): CopyProgress => {
    const now = clock.now()
    const elapsed = (now.getTime() - begun.getTime()) / 1000
    const inFlight = [...running].reduce((sum, {bytes, sent}) => sum + Math.min(sent, bytes), 0)
    const totalBytes = bytesOf(chunks())
    const there = copied()
    const achieved = there - before + built + inFlight
    const total = totalBytes + bytesOf(indexes) - before
    const rate = (sent - lastSent) / Math.max((now.getTime() - lastTold.getTime()) / 1000, 0.001)
    lastSent = sent
    lastTold = now
    const begins = lineBytesPerSecond && (totalBytes - before) / lineBytesPerSecond
    const seconds = achieved > 0 && elapsed > 1 ? ((total - achieved) * elapsed) / achieved : begins
    return {
      seconds: elapsed,
      bytes: Math.min(there + inFlight, totalBytes),
      totalBytes,
      tables: plans.filter((plan) => !isUnfinished(plan)).length,
      totalTables: plans.length,
      indexes: indexesBuilt,
      totalIndexes: indexes.length,
      bytesPerSecond: Math.round(rate),
      ...(seconds === undefined ? {} : {secondsLeft: Math.ceil(seconds)}),
      running: [...running].map(({what, table, bytes, sent}) => ({what, table, bytes, sent: Math.min(sent, bytes)})),
    }
  }
  const timer = setInterval(() => operator.copying(snapshot()), EVERY_MS)
  timer.unref()

  const begin = (what: string, table: string, bytes: number, done = (): void => undefined): Running => {
    const entry = {what, table, bytes, sent: 0}
    running.add(entry)
    return {
      sent: (count) => {
        entry.sent += count
        sent += count
        advanced = clock.now()
      },
      done: () => {
        running.delete(entry)
        advanced = clock.now()
        done()
      },
      failed: () => void running.delete(entry),
    }
  }

  return {
    copying: (load: Load): Running => {
      const [first, ...more] = load.map(({plan}) => plan.table.name)
      const tables = more.length > 0 ? `${first} and ${more.length} more` : first!
      return begin('rows', tables, bytesOf(load.map(({chunk}) => chunk)))
    },
    building: ({what, table, bytes}: {what: string; table: string; bytes: number}): Running =>
      begin(what, table, bytes, () => {
        built += bytes
        if (what.startsWith('index')) indexesBuilt++
      }),
    /** When anything last moved. */
    lastAdvance: () => advanced,
    end() {
      clearInterval(timer)
      operator.copying(snapshot())
    },
  }
}
