import {inspect} from 'node:util'

const HIDDEN = '[hidden]'

/** A value that must not be printed: it shows as `[hidden]` in text, JSON and inspection, until `reveal()` hands it on. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  [inspect.custom](): string {
    return HIDDEN
  }
}
