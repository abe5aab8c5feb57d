import {messageOf, RdsError} from './errors.js'

/** Something that could not be read, and why. Reading it as if it were known throws it. */
export class Unread extends Error {
  override name = 'Unread'
  /** What to do so that it can be read; undefined where that is not known. */
  readonly remedy: string | undefined

  constructor(message: string, remedy?: string) {
    super(message)
    this.remedy = remedy
  }

  toJSON(): {unread: string} {
    return {unread: this.message}
  }
}

/** A fact, or why it is not known. */
export type Fact<T> = T | Unread

/** The fact; throws where it could not be read, so that everything that rests on it becomes unknown and never `ok`. */
export function known<T>(fact: Fact<T>): T {
  if (fact instanceof Unread) throw fact
  return fact
}

/** What a fact says, or undefined where it could not be read: for showing, never for deciding. */
export const ifKnown = <T>(fact: Fact<T>): T | undefined => (fact instanceof Unread ? undefined : fact)

/** Reads something that may be forbidden, missing or broken without giving up the rest. */
export async function attempt<T>(read: () => Promise<T>): Promise<Fact<T>> {
  try {
    return await read()
  } catch (error) {
    return new Unread(messageOf(error), error instanceof RdsError ? error.suggestions.join('; ') : undefined)
  }
}
