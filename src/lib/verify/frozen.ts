import type {Database} from '../ports/ports.js'
import {compareContents, type HowToVerify, type Verification} from './contents.js'
import {jobsFor} from './jobs.js'
import {holdBoth, withPair} from './pair.js'
import {tablesToVerify} from './tables.js'

type Frozen = Omit<HowToVerify, 'jobs'> & {from: Database; to: Database}

/** Compares every row, or those of some tables, while neither side takes writes. */
export async function compareFrozen(frozen: Frozen, only?: readonly string[]): Promise<Verification> {
  const jobs = await jobsFor(frozen)
  return withPair(await holdBoth(frozen), async (pair) => {
    const tables = await pair.from.read((db) => tablesToVerify(db, only))
    return compareContents(pair, tables, {...frozen, jobs})
  })
}
