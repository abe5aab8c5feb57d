export interface LogLine {
  at: Date
  source: 'app' | 'heroku'
  dyno: string
  text: string
}

export interface LogFilter {
  source?: string
  /** A dyno name (run.1234) or a process type (web). */
  dyno?: string
}

const KEPT = 1500

/** The app's log: the last 1500 lines and whoever follows it, as Logplex keeps it. */
export class AppLog {
  readonly #lines: LogLine[] = []
  readonly #followers = new Set<(line: LogLine) => void>()

  write(source: LogLine['source'], dyno: string, text: string): void {
    const line: LogLine = {at: new Date(), source, dyno, text}
    this.#lines.push(line)
    if (this.#lines.length > KEPT) this.#lines.shift()
    for (const follower of this.#followers) follower(line)
  }

  last(count: number, filter: LogFilter = {}): LogLine[] {
    return count > 0 ? this.#lines.filter((line) => matches(line, filter)).slice(-count) : []
  }

  /** Calls back for every later line; returns the function that ends it. */
  follow(filter: LogFilter, follower: (line: LogLine) => void): () => void {
    const wrapped = (line: LogLine) => {
      if (matches(line, filter)) follower(line)
    }
    this.#followers.add(wrapped)
    return () => this.#followers.delete(wrapped)
  }

  toString(): string {
    return this.#lines.map(formatLine).join('\n')
  }
}

/** `2026-11-22T03:04:05.000000+00:00 app[run.1234]: text` */
export function formatLine({at, source, dyno, text}: LogLine): string {
  return `${at.toISOString().replace('Z', '000+00:00')} ${source}[${dyno}]: ${text}`
}

function matches(line: LogLine, {source, dyno}: LogFilter): boolean {
  if (source && line.source !== source) return false
  return !dyno || line.dyno === dyno || line.dyno.replace(/(\.\d+|-[0-9a-z]+-[0-9a-z]{5})$/, '') === dyno
}
