/** Choices that a seed tells: the same seed, the same choices. */
export interface Random {
  /** 0 ≤ n < limit, whole. */
  below(limit: number): number
  /** Whole, both ends included. */
  between(first: number, last: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
  /** Another line of choices, so that what one part draws does not shift those of another. */
  fork(): Random
}

/** Mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const random: Random = {
    below: (limit) => Math.floor(next() * limit),
    between: (first, last) => first + random.below(last - first + 1),
    chance: (probability) => next() < probability,
    pick: (list) => list[random.below(list.length)]!,
    fork: () => randomFrom(random.below(2 ** 32)),
  }
  return random
}

/** One seed for each of so many rounds; the one that the environment asks for, where it does. */
export function seedsFor(rounds: number): number[] {
  const asked = process.env['SEED']
  if (asked !== undefined) return [Number(asked)]
  const random = randomFrom(Date.now())
  return Array.from({length: rounds}, () => random.below(2 ** 31))
}
