import {setTimeout as delay} from 'node:timers/promises'

/** Waits for a condition, asking every 50 ms; fails with what was awaited once the deadline has passed. */
export async function until(what: string, seconds: number, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${seconds} s`)
    await delay(50)
  }
}
