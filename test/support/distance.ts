import {isProfileName, type ProfileName} from '../../sandbox/network/profiles.js'

/** Of tests that do not say how far the tool is: nothing lies between, unless DISTANCE names a profile. */
export function usualDistance(): ProfileName {
  const name = process.env['DISTANCE'] ?? 'loopback'
  if (!isProfileName(name)) throw new Error(`DISTANCE=${name} names no profile of sandbox/network/profiles.ts`)
  return name
}
