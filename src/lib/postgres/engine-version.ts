/** A version as RDS names it. */
export interface EngineVersion {
  major: number
  minor: number
  /** Release of paid Extended Support, e.g. `20260224`; empty for any other. */
  extended: string
}

/**
 * Reads `17.10` and `13.23-rds.20260224`. Undefined for what is no PostgreSQL to move to: Aurora Limitless is `16.13-limitless`. The
 * forms are those of AWS' list of engine versions (August 2026) and of its guide to Extended Support.
 */
export function parseEngineVersion(text: string): EngineVersion | undefined {
  const [, major, minor, extended = ''] = /^(\d+)\.(\d+)(?:-rds\.([\w.]+))?$/i.exec(text) ?? []
  return major === undefined ? undefined : {major: Number(major), minor: Number(minor), extended}
}

/** Negative where the first is older. */
export const compareVersions = (one: EngineVersion, other: EngineVersion): number =>
  one.major - other.major || one.minor - other.minor || one.extended.localeCompare(other.extended)
