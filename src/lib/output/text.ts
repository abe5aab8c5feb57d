/** `03:12:45`, local time: what the operator's own clock shows. */
export const clockTime = (date: Date): string => date.toTimeString().slice(0, 8)

/** `0.4 s`, `12 s`, `3 min 20 s`. */
export function seconds(value: number): string {
  if (value < 9.95) return `${value.toFixed(1)} s`
  const whole = Math.round(value)
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `1.2 GB`, powers of ten. */
export function bytes(value: number | string): string {
  let number = Number(value)
  let unit = 0
  for (; number >= 999.95 && unit < UNITS.length - 1; unit++) number /= 1000
  return `${unit === 0 ? number : number.toFixed(1)} ${UNITS[unit]}`
}

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

/** Breaks a sentence into lines of at most 100 columns, each indented. */
export function wrap(text: string, indent = ''): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line)
      line = word
    } else line = line ? `${line} ${word}` : word
  }
  return line ? [...lines, indent + line] : lines
}

/** Only where somebody looks at a terminal, and has not said otherwise: https://no-color.org */
export const coloursWanted = (): boolean => process.stdout.isTTY && !process.env['NO_COLOR']
