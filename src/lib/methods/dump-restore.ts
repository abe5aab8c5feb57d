import type {Assessment} from '../ports/assessment.js'
import {ifKnown} from '../ports/fact.js'
import {bytes} from '../ports/figures.js'
import {verifyAll} from '../runbook/steps/verify.js'
import type {Method} from './method.js'
import {copyAllRows, copySchema} from './shared/copy.js'
import {buildConstraints} from './shared/constraints.js'

/** The playbook's planning rule: an hour for 15 to 25 GB, indexes included. */
const BYTES_PER_SECOND = (20 * 1024 ** 3) / 3600
const VERIFY_SHARE = 0.2

const copyRows = copyAllRows('frozen')

/** Copies everything while the source is frozen: the simplest method, and the slowest window. */
export const dumpRestore: Method = {
  id: 'dump-restore',
  title: 'Dump and restore',
  available: true,
  needs: [],
  before: [],
  ready: [],
  drain: [copySchema('frozen'), copyRows, buildConstraints],
  verify: verifyAll,
  after: [],

  estimate({source, copy}) {
    const indexBytes = Number(source.indexBytes)
    const rowBytes = Number(source.bytes) - indexBytes
    const at = (size: number) => Math.ceil(size / BYTES_PER_SECOND)
    const gigabytes = (size: number) => `${(size / 1e9).toFixed(2)} GB`
    const line = lineOf(copy)
    return [
      line && line.seconds > at(rowBytes)
        ? {
            step: copyRows.id,
            what: `copy ${gigabytes(rowBytes)} of rows over a line of ${bytes(line.bytesPerSecond)}/s`,
            seconds: line.seconds,
          }
        : {step: copyRows.id, what: `copy ${gigabytes(rowBytes)} of rows at 20 GB an hour`, seconds: at(rowBytes)},
      {
        step: buildConstraints.id,
        what: `build ${gigabytes(indexBytes)} of indexes at the same rate`,
        seconds: at(indexBytes),
      },
      {step: verifyAll.id, what: 'verify every row', seconds: Math.ceil(at(rowBytes) * VERIFY_SHARE)},
    ]
  },
}

/** What the line takes for the rows alone; undefined where it was not measured. */
function lineOf(copy: Assessment['copy']): {bytesPerSecond: number; seconds: number} | undefined {
  const expected = copy && ifKnown(copy)
  if (!expected || expected.bytesPerSecond === null) return undefined
  const {bytes: sent, bytesPerSecond} = expected
  return {bytesPerSecond, seconds: Math.ceil(sent / bytesPerSecond)}
}
