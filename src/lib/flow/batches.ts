/** Runs of at most `size` items, in order. */
export const batchesOf = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({length: Math.ceil(items.length / size)}, (_, nth) => items.slice(nth * size, (nth + 1) * size))

/** How much goes together: at most so many items, and no more bytes unless it is one alone. */
export interface Bounds {
  items: number
  bytes: number
}

/** How many of the first items go together. */
export function firstWithin(list: readonly {bytes: number}[], {items, bytes}: Bounds): number {
  let [count, sum] = [0, 0]
  for (const one of list) {
    sum += one.bytes
    if (count > 0 && (count === items || sum > bytes)) break
    count++
  }
  return count
}
