import type {Clock, CopyProgress, Operator} from '../ports.js'
import type {Chunk} from './chunks.js'
import {isMissing, type TablePlan} from './chunk-state.js'
import type {Build} from './post-data.js'
import type {CopyTable} from './tables.js'

const EVERY_MS = 1000

/** Whether a piece of work came to its end or has to be done again. */
export interface Running {
  sent(bytes: number): void
  done(): void
  failed(): void
}

/**
 * Keeps count of a copy and tells the operator once a second. Work is measured by what it takes up on the source: the
 * bytes of tables, and of the indexes that are to be built on them.
 */
export function progressOf(plans: readonly TablePlan[], indexes: readonly Build[], clock: Clock, operator: Operator) {
  const begun = clock.now()
  const chunks = plans.flatMap(({chunks}) => chunks)
  const bytesOf = (list: readonly {bytes: number}[]) => list.reduce((sum, {bytes}) => sum + bytes, 0)
  const before = bytesOf(chunks.filter((chunk) => !isMissing(chunk)))
  const total = bytesOf(chunks) + bytesOf(indexes)

  const running = new Set<{what: string; table: string; bytes: number; sent: number}>()
  const open = new Map(plans.map(({table, chunks}) => [table.identifier, chunks.filter(isMissing).length]))
  let [copied, built, indexesBuilt, sent, lastSent] = [before, 0, 0, 0, 0]
  let advanced = begun
  let lastTold = begun

  const snapshot = (): CopyProgress => {
    const now = clock.now()
    const elapsed = (now.getTime() - begun.getTime()) / 1000
    const inFlight = [...running].reduce((sum, {bytes, sent}) => sum + Math.min(sent, bytes), 0)
    const achieved = copied - before + built + inFlight
    const rate = (sent - lastSent) / Math.max((now.getTime() - lastTold.getTime()) / 1000, 0.001)
    lastSent = sent
    lastTold = now
    return {
      seconds: elapsed,
      bytes: Math.min(copied + inFlight, bytesOf(chunks)),
      totalBytes: bytesOf(chunks),
      tables: [...open.values()].filter((left) => left === 0).length,
      totalTables: plans.length,
      indexes: indexesBuilt,
      totalIndexes: indexes.length,
      bytesPerSecond: Math.round(rate),
      ...(achieved > 0 && elapsed > 1
        ? {secondsLeft: Math.ceil(((total - before - achieved) * elapsed) / achieved)}
        : {}),
      running: [...running].map(({what, table, bytes, sent}) => ({what, table, bytes, sent: Math.min(sent, bytes)})),
    }
  }
  const timer = setInterval(() => operator.copying(snapshot()), EVERY_MS)
  timer.unref()

  const begin = (what: string, table: string, bytes: number, done: () => void): Running => {
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
    copying: ({identifier}: CopyTable, {bytes}: Chunk): Running =>
      begin('rows', identifier, bytes, () => {
        copied += bytes
        open.set(identifier, open.get(identifier)! - 1)
      }),
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
