import {persist} from '../flow/persist.js'
import {failed, messageOf} from '../ports/errors.js'
import {isLockConflict} from '../postgres/table-lock.js'
import type {Clock, Operator} from '../ports/ports.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {codeOf, DISK_FULL} from '../postgres/sqlstate.js'

/** How long connections can break without anything getting through. */
const PATIENCE_MS = 60_000

export interface Lanes {
  /** Aborted when the operator interrupts, or when one lane has failed: the others have nothing to work for any more. */
  readonly signal: AbortSignal
  /** Runs `count` lanes at once, until all have ended; failures show in the signal. A lane says when it has advanced. */
  run(count: number, lane: (advanced: () => void) => Promise<void>): Promise<void>
  /** Nothing of the lanes acts after this. */
  end(): Promise<void>
}

interface Patience {
  clock: Clock
  operator: Operator
  /** When anything last moved. */
  lastAdvance: () => Date
}

/**
 * Work that goes on side by side. A lane whose connection broke, or which the server picked out of a deadlock with the app,
 * begins again with another; any other failure ends all lanes: `stop` is to end what they are waiting for.
 */
export function lanesOf(
  {clock, operator, lastAdvance}: Patience,
  given: AbortSignal,
  stop: () => Promise<void>,
): Lanes {
  const failure = new AbortController()
  const signal = AbortSignal.any([given, failure.signal])
  let stopped = Promise.resolve()
  const onAbort = () => {
    stopped = stop()
  }
  signal.addEventListener('abort', onAbort, {once: true})

  const persistence = {
    clock,
    signal,
    passes: (error: unknown) =>
      clock.now().getTime() - lastAdvance().getTime() < PATIENCE_MS &&
      (isLostConnection(error) || isLockConflict(error)),
    tell: (error: unknown) => operator.tell(`${messageOf(error)}: the copy goes on with another connection`),
  }
  const ending = (error: unknown) => {
    if (!signal.aborted) failure.abort(explained(error))
  }
  return {
    signal,
    async run(count, lane) {
      await Promise.all(Array.from({length: count}, () => persist(persistence, lane).catch(ending)))
    },
    async end() {
      signal.removeEventListener('abort', onAbort)
      await stopped
    },
  }
}

function explained(error: unknown): unknown {
  if (codeOf(error) !== DISK_FULL) return error
  return failed(
    'disk_full',
    `the copy stopped because a disk is full: ${messageOf(error)}`,
    'give the target more storage and run the same command again',
  )
}
