import {setTimeout as delay} from 'node:timers/promises'

import type {Clock} from '../ports/ports.js'

export const clock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal ? {signal} : {}),
}
