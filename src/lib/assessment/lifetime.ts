/** Last day of community support per major: https://www.postgresql.org/support/versioning/ */
const END_OF_LIFE: Record<number, string> = {
  13: '2025-11-13',
  14: '2026-11-12',
  15: '2027-11-11',
  16: '2028-11-09',
  17: '2029-11-08',
  18: '2030-11-14',
}

/** Last day on which a major version gets fixes; undefined for a version that this plugin does not know. */
export const endOfLife = (major: number): string | undefined =>
  END_OF_LIFE[major] ?? (major < 13 ? '2024-11-21' : undefined)

/** This major, or the next one that gets fixes: what to create on RDS, which charges for what comes after. */
export function supportedMajor(major: number, now: Date): number {
  const today = now.toISOString().slice(0, 10)
  const isAlive = (candidate: number) => (endOfLife(candidate) ?? today) >= today
  return isAlive(major) ? major : supportedMajor(major + 1, now)
}

/** Time before the end of life in which it is reported, in milliseconds. */
const SOON_MS = 180 * 24 * 60 * 60 * 1000

/** End of life of a major version, if it has passed or is less than half a year away. */
export function endsSoon(major: number, now: Date): string | undefined {
  const end = endOfLife(major)
  return end !== undefined && Date.parse(end) < now.getTime() + SOON_MS ? end : undefined
}
