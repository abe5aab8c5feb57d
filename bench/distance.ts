import {isProfileName, type ProfileName, PROFILES} from '../sandbox/network/profiles.js'

/** What `--distance` says. */
export function profileNamed(name: string): ProfileName {
  if (!isProfileName(name)) throw new Error(`--distance is one of ${Object.keys(PROFILES).join(', ')}`)
  return name
}

/** Under which name a result is saved: those of different distances lie beside each other. */
export const nameAt = (distance: ProfileName, name: string): string =>
  distance === 'loopback' ? name : `${name}-${distance}`

/** The same database, reached by another port. */
export function throughPort(url: string, port: number): string {
  const there = new URL(url)
  there.port = String(port)
  return there.href
}
