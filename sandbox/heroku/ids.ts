import {createHash} from 'node:crypto'

/** The same UUID for the same name: what has no identity of its own here (a region, a plan) has one at Heroku. */
export function uuidOf(name: string): string {
  const hex = createHash('md5').update(name).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** A time as the Platform API writes it: whole seconds, UTC. */
export const at = (time: Date): string => time.toISOString().replace(/\.\d+Z$/, 'Z')
