import type {Pace} from '../flow/pace.js'
import {persist} from '../flow/persist.js'
import {messageOf} from '../ports/errors.js'
import type {Operator, Publisher} from '../ports/ports.js'
import {isLostConnection} from '../postgres/lost-connection.js'
import {codeOf} from '../postgres/sqlstate.js'
import {awaitBeat, type Replicating, troubleOf} from './arrival.js'
import {beat} from './heartbeat.js'
import {assertShape, type PublishedShape} from './shape.js'
import {resume, subscriptionState} from './subscription.js'

export interface Following extends Replicating {
  publisher: Publisher
  operator: Operator
  guard: {target: string}
  shape: PublishedShape
  /** Lets the servers begin. */
  begin: () => Promise<void>
}

/** Tables may come, go and change without either server noticing. */
const LOOK_AT_TABLES_MS = 5000
/** How long one heartbeat is waited for before it is told what keeps it. */
const PATIENCE_SECONDS = 10
/** Credentials rotate: a target that does not connect is given those of the day. */
const RENEW_MS = 30_000

/**
 * Watches a replication that the servers do by themselves, until the signal aborts: sends heartbeats, tells how far the target is and
 * what keeps it, and ends over what would be lost.
 */
export async function watchReplication(world: Following, {pauseMs}: Pace): Promise<void> {
  const {source, clock, signal, operator} = world
  const now = () => clock.now().getTime()
  let [nth, looked, renewed, begun] = [0, 0, now(), false]
  const once = async () => {
    if (!begun) await world.begin()
    begun = true
    if (now() - looked > LOOK_AT_TABLES_MS) {
      await assertShape(source, world.shape)
      looked = now()
    }
    const {nonce, at} = await beat(source)
    const seconds = await awaitBeat(world, nonce, PATIENCE_SECONDS).catch((error: unknown) => {
      if (codeOf(error) !== 'not_arriving') throw error
      return undefined
    })
    const waiting = seconds === undefined ? await troubleOf(world) : undefined
    operator.following({
      syncNumber: String(++nth),
      at,
      equal: seconds !== undefined,
      entries: 0,
      rows: 0,
      seconds: seconds ?? PATIENCE_SECONDS,
      ...(waiting ? {waiting} : {}),
    })
    if (seconds === undefined && now() - renewed > RENEW_MS && !(await subscriptionState(world.target))?.running) {
      await resume(world.target, await world.publisher.connection(), world.guard.target)
      renewed = now()
    }
  }
  const persistence = {
    clock,
    signal,
    passes: isLostConnection,
    tell: (error: unknown) => operator.tell(`${messageOf(error)}: trying again`),
  }
  try {
    await persist(persistence, async (advanced) => {
      for (;;) {
        await once()
        advanced()
        await clock.sleep(pauseMs, signal)
      }
    })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
