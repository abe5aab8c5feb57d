import type {Destination} from '../../ports/assessment.js'

const GB = 1e9
/** Storage per data, as a factor: room for index builds, the WAL of the load, and growth. */
const HEADROOM = 2
/** Smallest gp3 volume of RDS, in GB. */
const SMALLEST_GB = 20
/** Size from which RDS stripes gp3 over four volumes, in GB: the baseline is four times as high, and can be raised. */
const STRIPED_GB = 400
const STRIPED_IOPS = 12_000
const UNSTRIPED_IOPS = 3000

/** gp3 by the rules of RDS for PostgreSQL, or Aurora storage, which grows by itself. */
export function storageFor(bytes: number, aurora: boolean): Destination['storage'] {
  if (aurora) {
    return {type: 'aurora', gigabytes: null, iops: null, because: 'Aurora storage grows by itself, up to 128 TB'}
  }
  const wanted = Math.max(SMALLEST_GB, Math.ceil((bytes * HEADROOM) / GB / 10) * 10)
  if (wanted < STRIPED_GB) {
    return {
      type: 'gp3',
      gigabytes: wanted,
      iops: UNSTRIPED_IOPS,
      because: `twice the data; below ${STRIPED_GB} GB, gp3 has ${UNSTRIPED_IOPS} IOPS and 125 MB/s, which cannot be raised – ${STRIPED_GB} GB would load four times as fast, but storage cannot be reduced later`,
    }
  }
  return {
    type: 'gp3',
    gigabytes: wanted,
    iops: STRIPED_IOPS,
    because: `twice the data; from ${STRIPED_GB} GB, gp3 is striped: ${STRIPED_IOPS} IOPS and 500 MB/s at no extra cost`,
  }
}
