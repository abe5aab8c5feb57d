/** Between the tool and servers of one kind. */
export interface Leg {
  /** Milliseconds; half of it in each direction. */
  roundTripMs: number
  /** In each direction, whatever the connections; without a limit when left out. */
  mbitPerSecond?: number
}

/** Where the tool's servers are: both databases share a line, as those of an operator do. */
export type Place = 'aws' | 'databases' | 'heroku'

/** How far the tool is from everything; nothing lies between it and a place that is left out. */
export type Profile = Readonly<Partial<Record<Place, Leg>>>

/**
 * A laptop in the country of the databases; a machine beside them; the same machine. What Heroku and AWS take to answer is most of their
 * time, and counted as a round trip because the sandbox answers at once: so it is the same from nearby for Heroku, and for AWS less by the
 * 20 ms of a laptop's line.
 */
export const PROFILES = {
  laptop: {
    databases: {roundTripMs: 20, mbitPerSecond: 20},
    heroku: {roundTripMs: 80},
    aws: {roundTripMs: 60},
  },
  near: {databases: {roundTripMs: 1}, heroku: {roundTripMs: 80}, aws: {roundTripMs: 40}},
  loopback: {},
} satisfies Record<string, Profile>

export type ProfileName = keyof typeof PROFILES

export function isProfileName(name: string): name is ProfileName {
  return Object.hasOwn(PROFILES, name)
}

const NAMES: Record<Place, string> = {databases: 'the databases', heroku: 'Heroku', aws: 'AWS'}

/** In words, for those who read the figures. */
export function describeProfile(profile: Profile): string {
  const legs = Object.entries(profile) as [Place, Leg][]
  if (legs.length === 0) return 'everything on one machine, nothing between'
  return legs
    .map(([place, {roundTripMs, mbitPerSecond}]) => {
      const rate = mbitPerSecond === undefined ? '' : ` and ${mbitPerSecond} Mbit/s`
      return `${roundTripMs} ms${rate} to ${NAMES[place]}`
    })
    .join(', ')
}
