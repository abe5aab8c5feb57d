/** Like `Promise.all`, but nothing of it goes on any more when it fails, with the first error there was. */
export async function allEnded<T extends readonly unknown[] | []>(
  promises: T,
): Promise<{-readonly [P in keyof T]: Awaited<T[P]>}> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}
