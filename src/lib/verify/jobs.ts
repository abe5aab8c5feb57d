import {capacityOf} from '../postgres/capacity.js'
import type {Database} from '../ports/ports.js'

/** Of sessions that compare, on each side. Sums are work for a core each, and the source has others to serve. */
export const jobsFor = async (sides: {from: Database; to: Database}): Promise<number> =>
  Math.max(1, Math.min((await capacityOf(sides)).jobs, MOST))

const MOST = 8
