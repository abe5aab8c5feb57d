import {type Guard, literal} from '../postgres/catalog.js'
import {EXIT, RdsError} from '../ports/errors.js'
import type {SearchPath} from '../postgres/app-search-path.js'
import {passingFence} from '../fence/fence.js'
import type {Database, Session} from '../ports/ports.js'
import type {Load} from './chunk-queue.js'
import {markChunks, type TablePlan, takeChunks} from './chunk-state.js'
import {copyStatements} from './chunks.js'
import {exchange, type Part} from '../postgres/copy-stream.js'
import {refusalOf} from '../postgres/refusal.js'
import type {CopyTable} from './tables.js'

/** A run that has seen a chunk marked never looks again: a crash of the server must not take it back, even where the database's default would. */
const LOADING = `set local synchronous_commit = on; set local lock_timeout = '60s'`

export interface HowToCopy {
  /** That is read. */
  snapshot: string
  guard: Guard
  /** Opens the fence of the target, where it is up. */
  fencePass?: string | undefined
  /** For what the app computes as rows arrive. */
  path: SearchPath
  sent: (bytes: number) => void
  signal: AbortSignal
}

/**
 * Streams chunks and marks them, in one transaction of the target that only the present operator can commit, and that waits as often for
 * many as for one. Returns the moment of each one's rows: an earlier one, where they were there already.
 */
export function copyLoad(
  from: Session,
  target: Database,
  load: Load,
  {snapshot, guard, fencePass, path, sent, signal}: HowToCopy,
): Promise<string[]> {
  const pass = fencePass === undefined ? [] : [passingFence(target, fencePass)]
  return target.transaction(
    async (to) => {
      const there = await takeChunks(to, load, [LOADING, ...pass])
      const missing = load.filter((_, nth) => there[nth] === null)
      if (missing.length > 0) {
        const bytes = missing.map(() => 0)
        const counting = (more: number, nth: number) => {
          bytes[nth]! += more
          sent(more)
        }
        const parts = missing.map(({plan, chunk}) => partOf(plan.table, copyStatements(plan.table, chunk)))
        const counts = await exchange({from, to}, parts, {signal, sent: counting}, (error, {part}) =>
          refusalOf(error, `the rows of ${part.name} could not be copied`),
        )
        const [moved, ...more] = missing.flatMap(({plan}, nth) => (counts[nth]!.out[1] === 0 ? [plan] : []))
        if (moved) throw new Rewritten([moved, ...more])
        const copied = missing.map((one, nth) => ({...one, rows: counts[nth]!.into[0]!, bytes: bytes[nth]!}))
        to.lastly(markChunks(copied, snapshot))
        to.lastly(guard)
      }
      return there.map((moment) => moment ?? snapshot)
    },
    {path},
  )
}

/**
 * A session that reads a table keeps others from moving its rows. Pages that were laid out before that may mean other rows now, and what
 * a TRUNCATE or an ALTER TABLE has left looks empty to an older snapshot: the second statement gives no row then.
 */
const partOf = ({name, filenode}: CopyTable, {out, into}: ReturnType<typeof copyStatements>): Part => ({
  name,
  out: [out, `select where pg_catalog.pg_relation_filenode(${literal(name)}::pg_catalog.regclass) = ${filenode}`],
  into: [into],
})

export const rewritten = ({table: {name}}: TablePlan): string =>
  `${name} was rewritten on the source while it was copied, as TRUNCATE, VACUUM FULL and CLUSTER do`

/** Some of the tables were rewritten on the source. */
export class Rewritten extends RdsError {
  readonly moved: readonly TablePlan[]

  constructor(moved: readonly [TablePlan, ...TablePlan[]]) {
    super(EXIT.failed, 'table_rewritten', rewritten(moved[0]), [
      'run the same command again: it copies again what it has to',
    ])
    this.moved = moved
  }
}
