export interface Frozen {
  /** The source's own clock when the fence was raised, as it prints it. */
  at: string
  fingerprint: string
  /** What `default_transaction_read_only` was on the database before; null when it was not set. */
  readOnlyBefore: string | null
}

declare module '../journal/notes.js' {
  interface Notes {
    /** That the slower of the lines to both databases carried in the preflight; null where it was not to be measured. */
    line: {bytesPerSecond: number | null}
    frozen: Frozen
    /** Catalog fingerprint of the target when the way back was armed. */
    armed: {fingerprint: string}
    /** The newest landed write when the smoke test ended: what came before is the smoke test's own. */
    smoke: {lastLanded: string}
    /** The journal was restored to an earlier state, and the window that was under way was taken up from the source. */
    restored: boolean
    /** The target's own clock when its fence was lowered. */
    opened: {at: string}
  }
}
