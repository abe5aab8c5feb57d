/** Tiers of Heroku Postgres plans. */
export type Tier = 'advanced' | 'essential' | 'premium' | 'private' | 'shield' | 'standard' | 'unknown'

export interface Plan {
  tier: Tier
  /** Memory of the server, in GiB; undefined for shared servers and where Heroku does not publish it. */
  memoryGiB?: number
}

/** Memory by the number of the plan, in GiB, from devcenter's heroku-postgres-plans (2026-05). */
const MEMORY_GIB: Record<number, number> = {0: 4, 2: 8, 3: 15, 4: 30, 5: 61, 6: 122, 7: 244, 8: 488, 9: 768}

/** Tier and memory by the name of the plan, e.g. `heroku-postgresql:premium-4`. */
export function parsePlan(name: string): Plan {
  const plan = name.split(':').at(-1)!
  if (/^(advanced|performance)/.test(plan)) {
    const memory = /(\d+)g/i.exec(plan)
    return {tier: 'advanced', ...(memory ? {memoryGiB: Number(memory[1])} : {})}
  }
  if (/^(essential|dev|basic|mini|hobby)/.test(plan)) return {tier: 'essential'}
  const [, tier, level] = /^(standard|premium|private|shield)-(\d+)$/.exec(plan) ?? []
  const memoryGiB = MEMORY_GIB[Number(level)]
  return {tier: (tier as Tier | undefined) ?? 'unknown', ...(memoryGiB ? {memoryGiB} : {})}
}
