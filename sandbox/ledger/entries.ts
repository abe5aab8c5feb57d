import {readFileSync} from 'node:fs'

/** What a process of the shop wrote down about one of its transactions; times are milliseconds since the epoch. */
export interface LedgerEntry {
  ref: string
  kind: string
  /** Before the first write was sent. */
  sent: number
  /** COMMIT was acknowledged. */
  acked?: number
  /** Which database took it: port/name as the server itself says. */
  database?: string
  /** Nobody outside can say whether it was committed. */
  unknown?: boolean
  process: string
}

export type AcknowledgedEntry = LedgerEntry & {acked: number; database: string}

/** The entries of a ledger in the order in which they were acknowledged; a line still being written is left out. */
export function readLedger(file: string): LedgerEntry[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as LedgerEntry).sort((a, b) => (a.acked ?? a.sent) - (b.acked ?? b.sent))
}

export function isAcknowledged(entry: LedgerEntry): entry is AcknowledgedEntry {
  return entry.acked !== undefined && entry.database !== undefined && !entry.unknown
}
