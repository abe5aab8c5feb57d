import {RdsError} from '../../src/lib/ports/errors.js'

/** A code of Postgres' in parentheses or named so, or a line of a stack. */
const RAW = /\((?=[0-9A-Z]*\d)[0-9A-Z]{5}\)|SQLSTATE|^\s+at .+:\d+:\d+\)?$/m

/** Fails where a person would read what only a programmer understands; `text`: all that a command has printed. */
export function expectReadable(text: string): void {
  const found = RAW.exec(text)
  if (found) throw new Error(`nobody should have to read ${JSON.stringify(found[0])}, in:\n${text}`)
}

/** Fails where an error of the database came through without a word on what was being done, and what helps. */
export function expectExplained(error: unknown): void {
  const {code, message} = error as {code?: unknown; message?: string}
  if (!(error instanceof RdsError) && typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code))
    throw new Error(`an error of the database came through as it was: ${code} ${message}`)
  expectReadable(message ?? '')
}
