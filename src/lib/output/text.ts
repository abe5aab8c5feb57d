import {styleText} from 'node:util'

/** `03:12:45`, local time: what the operator's own clock shows. */
export const clockTime = (date: Date): string => date.toTimeString().slice(0, 8)

/** Left-aligned columns, two spaces apart; the last one is not padded. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  )
}

const WIDTH = 100

/** Breaks a sentence into lines of at most 100 columns, or as many as there are, each indented. */
export function wrap(text: string, indent = '', width = WIDTH): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line)
      line = word
    } else line = line ? `${line} ${word}` : word
  }
  return line ? [...lines, indent + line] : lines
}

/** A line of the screen, and how it is to look. */
export interface Line {
  text: string
  style?: Parameters<typeof styleText>[0]
}

/** The line in its style, where colours are wanted. */
export const painted = ({text, style}: Line, {colour}: {colour: boolean}): string =>
  colour && style ? styleText(style, text) : text

/** On a terminal, unless NO_COLOR is set: https://no-color.org */
export const coloursWanted = (): boolean => process.stdout.isTTY && !process.env['NO_COLOR']
