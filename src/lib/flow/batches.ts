/** Runs of at most `size` items, in order. */
export const batchesOf = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({length: Math.ceil(items.length / size)}, (_, nth) => items.slice(nth * size, (nth + 1) * size))
