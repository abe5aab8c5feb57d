import {clearScreenDown, moveCursor} from 'node:readline'

import type {CopyProgress} from '../ports.js'
import {bytes, clockTime, seconds} from './text.js'

const LINE_EVERY_S = 10
const BAR = 30
const SHOWN = 6

/** `1.2 of 3.4 GB, 12 of 40 tables, 3 of 20 indexes, 45.1 MB/s, about 2 min left`. */
export function progressLine(progress: CopyProgress): string {
  const {secondsLeft, bytesPerSecond} = progress
  return [
    `${bytes(progress.bytes)} of ${bytes(progress.totalBytes)}`,
    `${progress.tables} of ${progress.totalTables} tables`,
    `${progress.indexes} of ${progress.totalIndexes} indexes`,
    ...(bytesPerSecond > 0 ? [`${bytes(bytesPerSecond)}/s`] : []),
    ...(secondsLeft === undefined ? [] : [`about ${seconds(secondsLeft)} left`]),
  ].join(', ')
}

/** The same with a bar, and what is under way. */
export function progressBlock(progress: CopyProgress): string[] {
  const share = progress.totalBytes > 0 ? progress.bytes / progress.totalBytes : 1
  const full = Math.round(share * BAR)
  const running = progress.running.map(({what, table, bytes: all, sent}) =>
    what === 'rows' ? `${table}: ${bytes(sent)} of ${bytes(all)}` : `${table}: ${what}`,
  )
  const more = running.length - SHOWN
  return [
    `            ${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${progressLine(progress)}`,
    ...running.slice(0, SHOWN).map((line) => `            ${line}`),
    ...(more > 0 ? [`            and ${more} more`] : []),
  ]
}

export interface ProgressDisplay {
  show(progress: CopyProgress): void
  /** Makes room for another line. */
  clear(): void
}

/** A block that is drawn over again, for somebody who looks at a terminal. */
export function liveDisplay(terminal: NodeJS.WriteStream): ProgressDisplay {
  let drawn = 0
  const clear = () => {
    if (drawn === 0) return
    moveCursor(terminal, 0, -drawn)
    clearScreenDown(terminal)
    drawn = 0
  }
  return {
    clear,
    show(progress) {
      clear()
      if (progress.running.length === 0) return
      const lines = progressBlock(progress).map((line) => line.slice(0, terminal.columns - 1))
      terminal.write(lines.join('\n') + '\n')
      drawn = lines.length
    },
  }
}

/** A line now and then, for a log. */
export function plainDisplay(write: (line: string) => void): ProgressDisplay {
  let next = LINE_EVERY_S
  return {
    clear: () => undefined,
    show(progress) {
      if (progress.seconds < next) {
        if (progress.seconds < LINE_EVERY_S) next = LINE_EVERY_S
        return
      }
      next = progress.seconds + LINE_EVERY_S
      write(`${clockTime(new Date())}    ${progressLine(progress)}`)
    },
  }
}

/** Every report as a line of JSON, for a program that follows. */
export const jsonDisplay = (write: (line: string) => void): ProgressDisplay => ({
  clear: () => undefined,
  show: (progress) => write(JSON.stringify({copying: progress})),
})
