// What capturing costs a source: the same work without it, with it, and with a logical replication slot instead, in turns.
import {parseArgs} from 'node:util'

import {type Figures, type Measure, measuresOf, reset} from './capture/measures.js'
import {linesOf, summarize, type Summary, verdictsOn} from './capture/summary.js'
import {setVariants, type Variant} from './capture/variants.js'
import {newFolder, withCleanup} from './cleanup.js'
import {requirePgbench} from './client-tools.js'
import {machine, saveResult} from './measure.js'
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
  const folder = newFolder(later)
  const [seconds, scale, rows] = [Number(values.seconds), Number(values.scale), Number(values.rows)]
  const measures = measuresOf({clients: Number(values.clients), seconds, rows}, folder).filter(
    ({name}) => !values.only || values.only.split(',').includes(name),
  )
  tell('preparing the servers')
  const stage = await setStage(later, {sourceMajor: 16, targetMajor: 17, settings: QUIET})
  const variants = await setVariants(stage, {scale, rows}, later)
  for (const {name, means} of variants) tell(`${name.padEnd(8)} ${means}`)
  if (!variants.some(({name}) => name === 'slot')) tell('no slot: pg_recvlogical is not installed')
  const measured: Partial<Record<'off' | 'on', Record<string, Summary>>> = {}
  for (const mode of modes) {
    tell(`\nsynchronous_commit ${mode}`)
    const summaries = (measured[mode] = {} as Record<string, Summary>)
    for (const measure of measures) {
      const summary = (summaries[measure.name] = summarize(measure, await inTurns(measure, variants, mode)))
      for (const line of linesOf(measure, summary)) tell(line)
    }
  }
  const {on, off} = measured
  tell('')
  for (const line of on ? verdictsOn(on) : []) tell(line)
  const how = {runs, seconds, scale, clients: Number(values.clients), rows}
  const durability = await stage.durability()
  return {machine: machine('16'), durability, ...how, ...flat(on), ...(off ? {synchronousCommitOff: flat(off)} : {})}
})
if (!values.trial && values.only === undefined) saveResult('capture', result)
if (values.json) console.log(JSON.stringify(result))

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

function flat(summaries: Record<string, Summary> = {}) {
  return Object.fromEntries(
    Object.entries(summaries).map(([name, {variants, ...ratios}]) => [name, {...variants, ...ratios}]),
  )
}
