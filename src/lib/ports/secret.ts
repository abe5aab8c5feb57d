import {inspect} from 'node:util'

/** Text that shows otherwise than it is, in text, JSON and inspection, until `reveal()` hands it on. */
export abstract class Veiled {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  reveal(): string {
    return this.#text
  }

  /** What it shows as. */
  abstract toString(): string

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return this.toString()
  }
}

/** A value that must not be printed: it shows as `[hidden]`. */
export class Secret extends Veiled {
  toString(): string {
    return '[hidden]'
  }
}
