import {createHmac, randomBytes} from 'node:crypto'

import {Veiled} from '../ports/secret.js'

/** Of this run alone: without it, nobody can guess a key from its name. */
const OF_THIS_RUN = randomBytes(32)
const LENGTH = 12

/**
 * Which row it is: its key, or all of its text where nothing identifies it. It shows as 12 hexadecimal characters, the same for the same row
 * within a run.
 */
export class RowName extends Veiled {
  toString(): string {
    return createHmac('sha256', OF_THIS_RUN).update(this.reveal()).digest('hex').slice(0, LENGTH)
  }
}
