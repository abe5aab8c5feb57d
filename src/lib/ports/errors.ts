/** What the shell sees. The table of every command's help and of the README is made from `EXIT_CODES`. */
export const EXIT = {done: 0, failed: 1, usage: 2, refused: 3, unverified: 4} as const

export const EXIT_CODES: readonly (readonly [number, string])[] = [
  [EXIT.done, 'done'],
  [EXIT.failed, 'failed: what was started has been undone, or the message says how to go on'],
  [EXIT.usage, 'wrong usage'],
  [EXIT.refused, 'refused or not ready; nothing was touched'],
  [EXIT.unverified, 'could not verify'],
]

/**
 * An expected outcome that is not success: one sentence for the operator, what to do, and an exit code. oclif prints
 * `code` and `suggestions` of any error that has them. Everything else that is thrown is a bug of ours.
 */
export class RdsError extends Error {
  readonly code: string
  readonly suggestions: string[]
  readonly oclif: {exit: number}
  /** What oclif ends with when it prints JSON. */
  readonly exitCode: number

  constructor(exit: number, code: string, message: string, suggestions: readonly string[] = [], cause?: unknown) {
    super(message, {cause})
    this.code = code
    this.suggestions = [...suggestions]
    this.oclif = {exit}
    this.exitCode = exit
  }
}

/** Nothing was touched: the world is not as the command needs it. */
export const refused = (code: string, message: string, ...suggestions: string[]): RdsError =>
  new RdsError(EXIT.refused, code, message, suggestions)

/** Something was tried and did not work. */
export const failed = (code: string, message: string, ...suggestions: string[]): RdsError =>
  new RdsError(EXIT.failed, code, message, suggestions)

/** The command line itself is wrong. */
export const wrongUsage = (code: string, message: string, ...suggestions: string[]): RdsError =>
  new RdsError(EXIT.usage, code, message, suggestions)

/** A proof could not be made: never to be taken for success. */
export const unverified = (code: string, message: string, ...suggestions: string[]): RdsError =>
  new RdsError(EXIT.unverified, code, message, suggestions)

/** The message of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** "Refused, nothing was touched" is not true any more once something was done. */
export const notRefused = (error: unknown): unknown =>
  error instanceof RdsError && error.oclif.exit === EXIT.refused
    ? failed(error.code, error.message, ...error.suggestions)
    : error
