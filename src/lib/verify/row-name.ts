import {createHmac, randomBytes} from 'node:crypto'
import {inspect} from 'node:util'

/** Of this run alone: without it, nobody can guess a key from its name. */
const OF_THIS_RUN = randomBytes(32)
const LENGTH = 12

/**
 * Which row it is. In text, JSON and inspection it shows as 12 hexadecimal characters, the same for the same row within a run, until
 * `reveal()` gives what the row holds: its key, or all of its text where nothing identifies it.
 */
export class RowName {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  reveal(): string {
    return this.#text
  }

  toString(): string {
    return createHmac('sha256', OF_THIS_RUN).update(this.#text).digest('hex').slice(0, LENGTH)
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return this.toString()
  }
}
