import {isAcknowledged, type LedgerEntry} from './ledger/entries.js'
import {invariants} from './ledger/invariants.js'
import {measureChanges} from './ledger/timeline.js'

export {readLedger, type LedgerEntry} from './ledger/entries.js'

/** A database to audit: its key as in the ledger, and a way to ask it. */
export interface AuditedDatabase {
  key: string
  query: (sql: string, params?: unknown[]) => Promise<Record<string, unknown>[]>
}

export interface LedgerAudit {
  acknowledgedWrites: number
  unknownWrites: number
  /** References of acknowledged writes that the primary does not have. */
  lostWrites: string[]
  /** References that are in the primary more than once. */
  doubledWrites: string[]
  overlapSeconds: number
  gapSeconds: number
  /** Acknowledged writes by database. */
  perDatabase: Record<string, number>
  /** Transactions of which the primary has only a part. */
  atomicityViolations: string[]
}

/**
 * Compares what the shop was told with what the database that is primary at the end holds. The expected changes of
 * database follow from where the primary is: one cutover, or a cutover and the way back.
 */
export async function auditLedger(
  entries: LedgerEntry[],
  databases: {source: AuditedDatabase; target: AuditedDatabase},
  primaryAtEnd: 'source' | 'target',
): Promise<LedgerAudit> {
  const {source, target} = databases
  const acknowledged = entries.filter(isAcknowledged)
  const perDatabase: Record<string, number> = {}
  for (const {database} of acknowledged) perDatabase[database] = (perDatabase[database] ?? 0) + 1
  const primary = databases[primaryAtEnd]
  const [events, doubled, atomicityViolations] = await Promise.all([
    primary.query('SELECT DISTINCT ref::text AS ref FROM events'),
    primary.query('SELECT ref::text AS ref FROM events GROUP BY ref HAVING count(*) > 1'),
    brokenInvariants(primary),
  ])
  const present = new Set(events.map(({ref}) => ref))
  const order = primaryAtEnd === 'target' ? [source.key, target.key] : [source.key, target.key, source.key]
  return {
    acknowledgedWrites: acknowledged.length,
    unknownWrites: entries.filter(({unknown}) => unknown).length,
    lostWrites: acknowledged.map(({ref}) => ref).filter((ref) => !present.has(ref)),
    doubledWrites: doubled.map(({ref}) => String(ref)),
    ...measureChanges(acknowledged, order),
    perDatabase,
    atomicityViolations,
  }
}

async function brokenInvariants(database: AuditedDatabase): Promise<string[]> {
  const found = await Promise.all(
    invariants.map(async ({broken, query}) => {
      const rows = await database.query(`${query} LIMIT 20`)
      return rows.map(({id}) => `${broken}: ${String(id)}`)
    }),
  )
  return found.flat()
}
