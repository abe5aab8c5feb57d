import {clearScreenDown, moveCursor} from 'node:readline'

import type {CopyProgress, FollowState, VerifyProgress} from '../ports/ports.js'
import {bytes, seconds} from '../ports/figures.js'
import {printable} from './printable.js'
import {clockTime, wrap} from './text.js'

const LINE_EVERY_MS = 10_000
const BAR = 30
const SHOWN = 6

/** Progress, in the forms that different readers want. */
export interface Report {
  /** Names the work: reports of one kind replace one another. */
  kind: 'copying' | 'following' | 'verifying'
  line: string
  /** For a terminal, drawn over again; empty when nothing is under way. */
  block: string[]
  value: unknown
}

const bar = (share: number): string => {
  const full = Math.round(Math.min(share, 1) * BAR)
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`
}

/** `1.2 of 3.4 GB, 12 of 40 tables, 3 of 20 indexes, 45.1 MB/s, about 2 min left`, and what is under way. */
export function copyReport(progress: CopyProgress): Report {
  const {secondsLeft, bytesPerSecond} = progress
  const line = [
    `${bytes(progress.bytes)} of ${bytes(progress.totalBytes)}`,
    `${progress.tables} of ${progress.totalTables} tables`,
    `${progress.indexes} of ${progress.totalIndexes} indexes`,
    ...(bytesPerSecond > 0 ? [`${bytes(bytesPerSecond)}/s`] : []),
    ...(secondsLeft === undefined ? [] : [`about ${seconds(secondsLeft)} left`]),
  ].join(', ')
  const running = progress.running.map(({what, table, bytes: all, sent}) =>
    what === 'rows' ? `${table}: ${bytes(sent)} of ${bytes(all)}` : `${table}: ${what}`,
  )
  const more = running.length - SHOWN
  const block =
    running.length === 0
      ? []
      : [
          `${bar(progress.totalBytes > 0 ? progress.bytes / progress.totalBytes : 1)} ${line}`,
          ...running.slice(0, SHOWN),
          ...(more > 0 ? [`and ${more} more`] : []),
        ]
  return {kind: 'copying', line, block, value: progress}
}

/** `1.2 of 3.4 GB compared, 12 of 40 tables`. */
export function verifyReport(progress: VerifyProgress): Report {
  const line = `${bytes(progress.bytes)} of ${bytes(progress.totalBytes)} compared, ${progress.tables} of ${progress.totalTables} tables`
  const share = progress.totalBytes > 0 ? progress.bytes / progress.totalBytes : 1
  return {kind: 'verifying', line, block: [`${bar(share)} ${line}`], value: progress}
}

/** `sync 12: 345 changes in 0.2 s, equal to the source`. */
export function followReport(state: FollowState): Report {
  const line = [
    `sync ${state.syncNumber}: ${state.entries.toLocaleString('en')} changes in ${seconds(state.seconds)}`,
    state.equal ? 'equal to the source' : 'more changes have arrived',
    ...(state.waiting ? [state.waiting] : []),
  ].join(', ')
  return {kind: 'following', line, block: [line], value: state}
}

/** Where progress is shown, between the lines that stay. */
export interface ProgressDisplay {
  /** A line that stays. */
  print(line: string): void
  /** The line of something that has begun. */
  begin(line: string): void
  /** It has ended, with a line that stays where one is given. */
  end(line?: string): void
  show(report: Report): void
}

/** The time of day and a mark stand before the text of a line. */
const HANGING = 12

/** For a terminal: lines that stay are broken between words; what is under way is drawn over again below them. */
export function liveDisplay(terminal: NodeJS.WriteStream, write: (line: string) => void): ProgressDisplay {
  const print = (line: string) => {
    const [first = '', ...rest] = wrap(line.slice(HANGING), ' '.repeat(HANGING), terminal.columns)
    for (const text of [line.slice(0, HANGING) + first.slice(HANGING), ...rest]) write(text)
  }
  let drawn = 0
  let running: string[] = []
  let block: string[] = []
  const clear = () => {
    if (drawn === 0) return
    moveCursor(terminal, 0, -drawn)
    clearScreenDown(terminal)
    drawn = 0
  }
  const draw = () => {
    const lines = [...running, ...block].map((line) => printable(line).slice(0, terminal.columns - 1))
    if (lines.length > 0) terminal.write(`${lines.join('\n')}\n`)
    drawn = lines.length
  }
  const redraw = (change: () => void) => {
    clear()
    change()
    draw()
  }
  return {
    print: (line) => redraw(() => print(line)),
    begin: (line) =>
      redraw(() => {
        running = [line]
        block = []
      }),
    end: (line) =>
      redraw(() => {
        running = []
        block = []
        if (line !== undefined) print(line)
      }),
    show: (report) =>
      redraw(() => {
        block = report.block.map((line) => `            ${line}`)
      }),
  }
}

/** For a log: every line stays, and progress is a line now and then. */
export function plainDisplay(print: (line: string) => void): ProgressDisplay {
  let [kind, next] = ['', 0]
  return {
    ...staying(print),
    show(report) {
      const now = Date.now()
      if (report.kind !== kind) {
        kind = report.kind
        next = now + LINE_EVERY_MS
      }
      if (now < next) return
      next = now + LINE_EVERY_MS
      print(`${clockTime(new Date())}    ${report.line}`)
    },
  }
}

/** Every report as a line of JSON, for a program that follows. */
export const jsonDisplay = (print: (line: string) => void): ProgressDisplay => ({
  ...staying(print),
  show: ({kind, value}) => print(JSON.stringify({[kind]: value})),
})

const staying = (print: (line: string) => void): Omit<ProgressDisplay, 'show'> => ({
  print,
  begin: print,
  end: (line) => {
    if (line !== undefined) print(line)
  },
})
