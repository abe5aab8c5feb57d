import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {cpus, totalmem} from 'node:os'

/** The upper one of an even number. */
export const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN

/** The smallest number that this share of all does not exceed. */
export const quantile = (numbers: readonly number[], share: number): number =>
  [...numbers].sort((a, b) => a - b)[Math.max(0, Math.ceil(numbers.length * share) - 1)] ?? NaN

export const rounded = (number: number, digits = 3): number => Number(number.toFixed(digits))

/** In round n the list begins with the nth: so none is always the first. A round 0 warms up. */
export function inTurns<T>(all: readonly T[], round: number): T[] {
  const first = (round - 1) % all.length
  return [...all.slice(first), ...all.slice(0, first)]
}

/** Seconds that `work` took. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return (performance.now() - begun) / 1000
}

export const machine = (postgres: string): string =>
  `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 1024 ** 3)} GB, Postgres ${postgres}, node ${process.version}`

/** Into bench/results. */
export function saveResult(name: string, result: unknown): void {
  const folder = new URL('results/', import.meta.url)
  mkdirSync(folder, {recursive: true})
  writeFileSync(new URL(`${name}.json`, folder), JSON.stringify(result, null, 2) + '\n')
}

/** CPU seconds of a server: its postmaster and all its children, living and ended. 0 where there is no /proc. */
export function cpuOf({dataDir}: {dataDir: string}): number {
  try {
    const pid = readFileSync(`${dataDir}/postmaster.pid`, 'utf8').split('\n')[0]!
    for (;;) {
      const [ended, children] = [ticksOf(pid), childrenOf(pid)]
      const living = children.reduce((sum, child) => sum + ticksOf(child).own, 0)
      // One that ends in between is in neither sum, or in both.
      if (childrenOf(pid).join() === children.join() && ticksOf(pid).children === ended.children)
        return (ended.own + ended.children + living) / TICKS_PER_SECOND
    }
  } catch {
    return 0
  }
}

const TICKS_PER_SECOND = 100

const childrenOf = (pid: string): string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')

/** Of a process itself, and of the children it has seen end. */
function ticksOf(pid: string): {own: number; children: number} {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ').map(Number)
    return {own: fields[11]! + fields[12]!, children: fields[13]! + fields[14]!}
  } catch {
    return {own: 0, children: 0}
  }
}
