import {fingerprintOf} from '../../src/lib/fence/fingerprint.js'
import {landedSince, type LandedWrites} from '../../src/lib/fence/landed-writes.js'
import type {Queryable} from '../../src/lib/ports/ports.js'
import {everyAnswer} from '../../src/lib/postgres/answers.js'

/* Questions that the tool asks among others, asked alone. */

export const fingerprint = async (db: Queryable, scope: 'all' | 'owned' = 'all'): Promise<string> =>
  (await everyAnswer<{hash: string}>(db, {hash: fingerprintOf(scope)})).hash

export const landedWrites = async (db: Queryable, after = '0'): Promise<LandedWrites[]> =>
  (await everyAnswer<{landed: LandedWrites[]}>(db, {landed: landedSince(after)})).landed
