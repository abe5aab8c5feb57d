export type Level = 'essential' | 'standard' | 'premium' | 'private' | 'shield' | 'advanced'

/** GB by the digit of a classic plan (devcenter, heroku-postgres-plans). */
const STORAGE = [64, 64, 256, 512, 768, 1024, 1536, 2048, 3072, 4096]
const ESSENTIAL_STORAGE = [1, 10, 32]

/** The part of a plan's name behind the add-on service. */
const shortName = (plan: string): string => plan.split(':')[1] ?? ''

/** `advanced*` and `performance*` are Advanced, as the stock command has it; `heroku-postgresql:premium-4` is premium. */
export function levelOf(plan: string): Level {
  const name = shortName(plan)
  if (/^(advanced|performance)/.test(name)) return 'advanced'
  return (['essential', 'premium', 'private', 'shield'] as const).find((level) => name.startsWith(level)) ?? 'standard'
}

/** Storage limit in GB. */
export function storageOf(plan: string): number {
  const digit = Number(/-(\d)$/.exec(shortName(plan))?.[1] ?? 0)
  return (levelOf(plan) === 'essential' ? ESSENTIAL_STORAGE : STORAGE)[digit] ?? STORAGE[0]!
}

/** What Essential shares and the others have for themselves: connections of one database. */
export function connectionsOf(plan: string): number {
  if (levelOf(plan) !== 'essential') return 120
  return shortName(plan).endsWith('2') ? 40 : 20
}
