/** Opens something, gives it to `hold`, and closes it when that has ended. */
export type Opening<T> = (hold: (opened: T) => Promise<void>) => Promise<unknown>

/** Opens several things side by side, works with all of them, and closes them side by side. Fails with the first that goes wrong. */
export async function together<T, Result>(
  openings: readonly Opening<T>[],
  work: (opened: T[]) => Promise<Result>,
): Promise<Result> {
  const running: Promise<unknown>[] = []
  const opened = openings.map(
    (open) =>
      new Promise<T>((done, failed) => {
        const whole = open(async (one) => {
          done(one)
          await result
        })
        whole.catch(failed)
        running.push(whole)
      }),
  )
  const result = Promise.all(opened).then(work)
  result.catch(() => undefined)
  await Promise.allSettled(running)
  await Promise.all(running)
  return result
}
