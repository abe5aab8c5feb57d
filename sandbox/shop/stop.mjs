import {setTimeout as delay} from 'node:timers/promises'

const controller = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => controller.abort())

/** Aborted when the dyno manager wants this process to end; whoever works finishes what is under way. */
export const stop = controller.signal

/** Returns early when the process is to end. */
export function pause(milliseconds) {
  return delay(milliseconds, undefined, {signal: stop}).catch(() => {})
}
