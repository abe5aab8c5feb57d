import {libpq, requirePgbench, runTool, startTool, type Running} from './client-tools.js'

export interface Rate {
  tps: number
  /** Mean, of one transaction. */
  latencyMs: number
  transactions: number
}

export interface Load {
  clients: number
  seconds: number
  /** A file in place of TPC-B. */
  script?: string
  /** Transactions a second; as many as possible when left out. */
  rate?: number
  synchronousCommit?: 'off' | 'on'
}

const argumentsOf = ({clients, seconds, script, rate}: Load): string[] => [
  '--no-vacuum',
  `--client=${clients}`,
  `--jobs=${Math.min(2, clients)}`,
  `--time=${seconds}`,
  ...(script === undefined ? [] : [`--file=${script}`]),
  ...(rate === undefined ? [] : [`--rate=${rate}`]),
]

const environmentOf = (url: string, {synchronousCommit = 'on'}: Load): NodeJS.ProcessEnv => ({
  ...libpq(url),
  PGOPTIONS: `-c synchronous_commit=${synchronousCommit}`,
})

/** Makes the tables of TPC-B and fills them: 100,000 accounts for each of `scale`. */
export const initTpcb = (url: string, scale: number): Promise<string> =>
  runTool(requirePgbench(), ['--initialize', '--quiet', `--scale=${scale}`], libpq(url))

/** Runs a load to its end. */
export async function pgbench(url: string, load: Load): Promise<Rate> {
  return rateOf(await runTool(requirePgbench(), argumentsOf(load), environmentOf(url, load)))
}

export const startPgbench = (url: string, load: Load): Running =>
  startTool(requirePgbench(), argumentsOf(load), environmentOf(url, load))

/** What pgbench prints at its end. */
export function rateOf(output: string): Rate {
  const figure = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? NaN)
  return {
    tps: figure(/^tps = ([\d.]+)/m),
    latencyMs: figure(/^latency average = ([\d.]+) ms/m),
    transactions: figure(/^number of transactions actually processed: (\d+)/m),
  }
}
