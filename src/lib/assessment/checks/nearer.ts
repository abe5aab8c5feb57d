import {known} from '../../ports/fact.js'
import {bytes, seconds} from '../../ports/figures.js'
import type {Copy, Found, SourceFacts} from '../../ports/assessment.js'
import type {Check} from '../check.js'

/** What it takes to start a machine in a region, and to log in there at Heroku, in seconds: who saves less does not save anything. */
const MOVING_SECONDS = 15 * 60

const REMEDY =
  'run the move on a machine in the region of the databases, such as an EC2 instance beside the target, with the Heroku CLI and this plugin'

const nearer: Check = {
  id: 'nearer',
  question: 'Would the move be much faster from a machine that is nearer to the databases?',
  level: 'warning',
  example: {
    byHand: 'another-machine',
    facts: (healthy) => ({
      ...healthy,
      distance: {source: line(3e6), target: line(1e6), herokuSeconds: 0.1},
      copy: {bytes: 40e9, bytesPerSecond: 1e6, seconds: 40_000, nearSeconds: 1500},
    }),
  },

  inspect({distance, copy, sourceFacts}) {
    if (!distance || !copy) return []
    const expected = known(copy)
    return [...slow(expected), ...behind(expected, sourceFacts)].map((what) => ({what, remedy: REMEDY}))
  },
}

const line = (bytesPerSecond: number) => ({roundTripSeconds: 0.05, bytesPerSecond})

function slow({bytes: sent, bytesPerSecond, seconds: takes, nearSeconds}: Copy): Found['what'][] {
  if (bytesPerSecond === null || takes - nearSeconds < MOVING_SECONDS) return []
  return [
    `the copy of ${bytes(sent)} takes about ${seconds(takes)} over the line of this machine, which carries ${bytes(bytesPerSecond)}/s, and about ${seconds(nearSeconds)} beside the databases`,
  ]
}

/** Each row that is written goes over the line again. */
function behind({bytes: sent, bytesPerSecond}: Copy, {activity, largest}: SourceFacts): Found['what'][] {
  const rows = largest.reduce((sum, table) => sum + table.rows, 0)
  if (bytesPerSecond === null || !activity || rows === 0) return []
  const written = (activity.rowsPerSecond * sent) / rows
  if (written < bytesPerSecond) return []
  return [
    `${bytes(Math.round(written))} of rows are written a second, more than the line of this machine carries, ${bytes(bytesPerSecond)}/s: while that goes on, a copy that follows falls behind`,
  ]
}

export default nearer
