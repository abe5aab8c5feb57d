import {setTimeout as delay} from 'node:timers/promises'

import type {Guard} from '../../src/lib/postgres/catalog.js'
import {schemaDumpOf} from '../../src/lib/adapters/pg-dump.js'
import {copyConstraints} from '../../src/lib/copy/constraints.js'
import {copyObjects, readPostData} from '../../src/lib/copy/copy-schema.js'
import {copyLargeObjects} from '../../src/lib/copy/large-objects.js'
import {copyRows, type CopyWorld} from '../../src/lib/copy/copy-rows.js'
import type {SharedSnapshot} from '../../src/lib/copy/snapshot.js'
import type {Clock, Database, SchemaDump, Session} from '../../src/lib/ports/ports.js'
import {everyAnswer} from '../../src/lib/postgres/answers.js'
import {MATERIALIZED_VIEWS} from '../../src/lib/verify/materialized-views.js'
import {moveSequences, sequencePositions} from '../../src/lib/verify/sequences.js'
import {compareFrozen} from '../../src/lib/verify/frozen.js'
import {listener, type Source, type Target} from './servers.js'

export const realClock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) => delay(ms, undefined, signal ? {signal} : {}),
}

const never = new AbortController().signal
const ALLOWED: Guard = 'select 1'

export interface HowToCopy {
  operator?: ReturnType<typeof listener>
  signal?: AbortSignal
  schemaDump?: SchemaDump
  settle?: (to: Session, name: string) => Promise<void>
  clock?: Clock
  /** That of a replication slot stands for no other. */
  snapshot?: SharedSnapshot
}

/** A copy in its parts, as the methods put them together. */
export function copyOf(source: Source, target: Target, how: HowToCopy = {}) {
  const {signal = never, operator = listener(), clock = realClock, settle, snapshot} = how
  const schemaDump = async () => how.schemaDump ?? schemaDumpOf(source.parts, source.tls, source.major)
  const sides = async () => ({source: source.db, target: target.db, schemaDump: await schemaDump()})
  const world: CopyWorld = {
    source: source.db,
    target: target.db,
    operator,
    clock,
    guard: ALLOWED,
    ...(settle ? {deleteTouched: settle} : {}),
    ...(snapshot ? {snapshot} : {}),
  }
  return {
    objects: async () => copyObjects(await sides()),
    rows: async () => copyRows(world, await readPostData(await sides()), signal),
    largeObjects: () => copyLargeObjects(world, signal),
    constraints: async () => copyConstraints(await sides(), await readPostData(await sides()), signal),
    async rest() {
      await moveSequences(target.db, await sequencePositions(source.db))
      const filled = new Set(
        (await everyAnswer(source.db, {views: MATERIALIZED_VIEWS})).views
          .filter(({populated}) => populated)
          .map(({name}) => name),
      )
      for (const {name} of (await everyAnswer(target.db, {views: MATERIALIZED_VIEWS})).views) {
        if (filled.has(name)) await target.db.query(`refresh materialized view ${name}`)
      }
    },
    async everything() {
      await this.objects()
      const copied = await this.rows()
      await this.largeObjects()
      await this.constraints()
      await this.rest()
      return copied
    },
  }
}

/** Lets somebody act when the first transaction on a database has done its work: of a copy, when tables are laid out and nothing is read. */
export function afterFirstTransaction(db: Database, act: () => Promise<unknown>): void {
  const transaction = db.transaction.bind(db)
  let acted = false
  db.transaction = (work, options) =>
    transaction(async (session) => {
      const result = await work(session)
      if (!acted) {
        acted = true
        await act()
      }
      return result
    }, options)
}

/** The tool's own comparison of two databases at rest. */
export const compare = ({source, target}: {source: Source; target: Target}) =>
  compareFrozen({from: source.db, to: target.db, clock: realClock, operator: listener(), signal: never})
