// What capturing costs a source: the same work without it, with it, and with a logical replication slot instead, in turns.
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {parseArgs} from 'node:util'

import {type Figures, type Measure, measuresOf, reset} from './capture/measures.js'
import {setVariants, type Variant} from './capture/variants.js'
import {withCleanup} from './cleanup.js'
import {requirePgbench} from './client-tools.js'
import {machine, median, rounded, saveResult} from './measure.js'
import {QUIET, setStage} from './stage.js'

const {values} = parseArgs({
  options: {
    runs: {type: 'string', default: '7'},
    seconds: {type: 'string', default: '8'},
    scale: {type: 'string', default: '10'},
    clients: {type: 'string', default: '4'},
    rows: {type: 'string', default: '100000'},
    'synchronous-commit': {type: 'string', default: 'on,off'},
    only: {type: 'string'},
    json: {type: 'boolean', default: false},
    trial: {type: 'boolean', default: false},
  },
})
const runs = Number(values.runs)
const modes = values['synchronous-commit'].split(',') as ('off' | 'on')[]
const tell = (line: string) => (values.json ? console.error(line) : console.log(line))
requirePgbench()

const result = await withCleanup(async (later) => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-scripts-'))
  later(() => rmSync(folder, {recursive: true, force: true}))
  const [seconds, scale, rows] = [Number(values.seconds), Number(values.scale), Number(values.rows)]
  const measures = measuresOf({clients: Number(values.clients), seconds, rows}, folder).filter(
    ({name}) => !values.only || values.only.split(',').includes(name),
  )
  tell('preparing the servers')
  const stage = await setStage(later, {sourceMajor: 16, targetMajor: 17, settings: QUIET})
  const variants = await setVariants(stage, {scale, rows}, later)
  for (const {name, means} of variants) tell(`${name.padEnd(8)} ${means}`)
  if (!variants.some(({name}) => name === 'slot')) tell('no slot: pg_recvlogical is not installed')
  const measured: Record<string, Record<string, unknown>> = {}
  for (const mode of modes) {
    tell(`\nsynchronous_commit ${mode}`)
    measured[mode] = {}
    for (const measure of measures)
      measured[mode][measure.name] = summary(measure, await inTurns(measure, variants, mode))
  }
  const {on, off} = measured
  return {
    machine: machine('16'),
    runs,
    seconds,
    scale,
    clients: Number(values.clients),
    rows,
    ...on,
    ...(off ? {synchronousCommitOff: off} : {}),
  }
})
if (!values.trial && values.only === undefined) saveResult('capture', result)
if (values.json) console.log(JSON.stringify(result))
else judge(result as unknown as Record<string, Judged | undefined>)

/** The first round warms up and does not count; each round begins with another variant. */
async function inTurns(
  measure: Measure,
  variants: readonly Variant[],
  mode: 'off' | 'on',
): Promise<Map<Variant, Figures[]>> {
  const taken = new Map<Variant, Figures[]>(variants.map((variant) => [variant, []]))
  for (const server of new Set(variants.map(({place}) => place.server)))
    await server.superuser('postgres', 'checkpoint')
  for (let round = 0; round <= runs; round++) {
    for (let turn = 0; turn < variants.length; turn++) {
      const variant = variants[(round + turn) % variants.length]!
      await reset(variant.place)
      const figures = await variant.during(() => measure.take(variant.place, mode))
      if (round > 0) taken.get(variant)!.push(figures)
    }
  }
  return taken
}

/** Medians of every variant, and their ratios to the one without. */
function summary({name, figure}: Measure, taken: Map<Variant, Figures[]>): Record<string, unknown> {
  const medians = new Map(
    [...taken].map(([variant, turns]) => [
      variant.name,
      Object.fromEntries(Object.keys(turns[0]!).map((key) => [key, median(turns.map((turn) => turn[key]!))])),
    ]),
  )
  const base = medians.get('without')!
  for (const [variant, figures] of medians) {
    const all = Object.entries(figures).map(
      ([key, value]) => `${key} ${rounded(value)} (${(value / base[key]!).toFixed(2)})`,
    )
    tell(`${name.padEnd(13)} ${variant.padEnd(8)} ${all.join('   ')}`)
  }
  const ratioOf = (variant: Variant['name'], key: string) => {
    const figures = medians.get(variant)
    return figures ? rounded(figures[key]! / base[key]!) : null
  }
  return {
    ...Object.fromEntries(
      [...medians].map(([variant, figures]) => [
        variant,
        Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, rounded(value, 4)])),
      ]),
    ),
    ratio: ratioOf('with', figure),
    fencedRatio: ratioOf('fenced', figure),
    slotRatio: ratioOf('slot', figure),
    ...('cpuMs' in base
      ? {
          cpuRatio: ratioOf('with', 'cpuMs'),
          fencedCpuRatio: ratioOf('fenced', 'cpuMs'),
          slotCpuRatio: ratioOf('slot', 'cpuMs'),
        }
      : {}),
  }
}

interface Judged {
  ratio: number
  fencedRatio: number
}

/** What is promised of a source that waits for the disk. */
function judge(found: Record<string, Judged | undefined>): void {
  if (!modes.includes('on')) return
  const promises: [measure: string, holds: (ratio: number) => boolean, words: string][] = [
    ...['tpcb', 'singleInsert', 'singleUpdate'].map((measure): [string, (ratio: number) => boolean, string] => [
      measure,
      (ratio) => ratio >= 0.75,
      'throughput at least 0.75',
    ]),
    ['bulkInsert', (ratio) => ratio <= 2.5, 'seconds at most 2.5'],
    ['bulkUpdate', (ratio) => ratio <= 1.8, 'seconds at most 1.8'],
  ]
  tell('')
  for (const [measure, holds, words] of promises) {
    const figures = found[measure]
    if (!figures) continue
    const verdict = (ratio: number) => `${ratio.toFixed(2)} ${holds(ratio) ? 'holds' : 'DOES NOT HOLD'}`
    tell(
      `${measure.padEnd(13)} ${words.padEnd(26)} capture ${verdict(figures.ratio)}, with the fence ${verdict(figures.fencedRatio)}`,
    )
  }
}
