// How fast changes arrive on the target: our syncs and Postgres' own logical replication drain the same stream, in turns; then
// how far each of them is behind while a source is written to all the time.
import {parseArgs} from 'node:util'

import {describeProfile, PROFILES} from '../sandbox/network/profiles.js'
import {type Applier, type Drained, native, ours} from './apply/appliers.js'
import {bucardo} from './apply/bucardo.js'
import {assertEqual} from './apply/equality.js'
import type {Phase} from './apply/profile.js'
import {type Stream, streamsOf} from './apply/streams.js'
import {type Sustained, sustained} from './apply/sustained.js'
import {withCleanup} from './cleanup.js'
import {findTool} from './client-tools.js'
import {nameAt, profileNamed} from './distance.js'
import {inTurns, machine, median, rounded, saveResult} from './measure.js'
import {ask, QUIET, setStage} from './stage.js'

const {values} = parseArgs({
  options: {
    runs: {type: 'string', default: '3'},
    scale: {type: 'string', default: '10'},
    transactions: {type: 'string', default: '120000'},
    rows: {type: 'string', default: '300000'},
    rates: {type: 'string', default: '300,1000'},
    seconds: {type: 'string', default: '30'},
    only: {type: 'string', default: 'ours,native,bucardo'},
    distance: {type: 'string', default: 'loopback'},
    profile: {type: 'boolean', default: false},
    json: {type: 'boolean', default: false},
    trial: {type: 'boolean', default: false},
  },
})
const distance = profileNamed(values.distance)
const runs = Number(values.runs)
const sizes = {scale: Number(values.scale), transactions: Number(values.transactions), rows: Number(values.rows)}
const tell = (line: string) => (values.json ? console.error(line) : console.log(line))

const result = await withCleanup(async (later) => {
  tell(`preparing the servers; ${describeProfile(PROFILES[distance])}`)
  const stage = await setStage(later, {sourceMajor: 16, targetMajor: 17, settings: QUIET, distance})
  const wanted = values.only.split(',')
  const appliers: Applier[] = []
  if (wanted.includes('ours')) appliers.push(await ours(stage, sizes))
  if (wanted.includes('native')) appliers.push(await native(stage, sizes, later))
  const third = wanted.includes('bucardo') ? await bucardo(stage, sizes, later) : 'nobody asked for it'
  if (typeof third === 'string') tell(`bucardo is left out: ${third}`)
  else appliers.push(third)

  const found: Record<string, unknown> = {}
  for (const stream of streamsOf(sizes)) found[stream.name] = summary(stream, await drainInTurns(stream, appliers))
  return {
    machine: machine('16 to 17'),
    distance: describeProfile(PROFILES[distance]),
    durability: await stage.durability(),
    ...caveats(appliers),
    runs,
    ...sizes,
    ...found,
    sustained: await keepUp(appliers),
  }
})
if (!values.trial && values.only.includes('ours,native')) saveResult(nameAt(distance, 'apply'), result)
if (values.json) console.log(JSON.stringify(result))

/** The first round warms up and does not count; each round begins with another applier. */
async function drainInTurns(stream: Stream, appliers: readonly Applier[]): Promise<Map<Applier, Drained[]>> {
  const taken = new Map<Applier, Drained[]>(appliers.map((applier) => [applier, []]))
  for (let round = 0; round <= runs; round++) {
    for (const applier of inTurns(appliers, round)) {
      await tidyUp(stream, applier)
      await stream.run(applier.source.url)
      const drained = await applier.drain(stream.changes)
      await assertEqual(applier.source, applier.target)
      tell(`${round}. ${stream.name} ${line(applier, stream, drained)}`)
      if (values.profile && drained.phases) tellPhases(drained.phases)
      if (round > 0) taken.get(applier)!.push(drained)
    }
  }
  return taken
}

function tellPhases(phases: readonly Phase[]): void {
  for (const {what, times, seconds} of phases.filter((phase) => phase.seconds > 0.01))
    tell(`     ${seconds.toFixed(3)} s  ${times} ×  ${what}`)
  tell(`     ${phases.reduce((sum, {times}) => sum + times, 0)} statements`)
}

/** What the turn before has left costs this one nothing. */
async function tidyUp(stream: Stream, {source, target, drain}: Applier): Promise<void> {
  await stream.tidy(source.url)
  await drain(0)
  for (const {url} of [source, target]) await ask(url, 'vacuum analyze')
  for (const {server} of [source, target]) await server.superuser('postgres', 'checkpoint')
}

/** What figures at a distance do not say themselves. */
function caveats(appliers: readonly Applier[]): Record<string, unknown> {
  if (distance === 'loopback') return {}
  const near = Object.fromEntries(appliers.flatMap(({name, near}) => (near === undefined ? [] : [[name, near]])))
  return {near, ownCpu: 'includes what lies between: it is imitated in the same process'}
}

function aside({near}: Applier): string {
  return distance === 'loopback' || near === undefined ? '' : ` (${near})`
}

function line(applier: Applier, {changes}: Stream, {seconds, rows, cpuSeconds}: Drained): string {
  const rates = `${Math.round(changes / seconds)} changes/s   ${Math.round(rows / seconds)} rows/s`
  const {source, target, own} = cpuSeconds
  const owner = distance === 'loopback' ? 'node' : 'node and what lies between'
  const cpu = `cpu source ${source.toFixed(1)} s, target ${target.toFixed(1)} s, ${owner} ${own.toFixed(1)} s`
  return `${applier.name.padEnd(8)} ${seconds.toFixed(2).padStart(6)} s   ${rates}   ${cpu}${aside(applier)}`
}

function summary(stream: Stream, taken: Map<Applier, Drained[]>): Record<string, unknown> {
  const figures = new Map(
    [...taken].map(([{name}, turns]) => {
      const seconds = median(turns.map((turn) => turn.seconds))
      return [
        name,
        {
          seconds: rounded(seconds, 2),
          changesPerSecond: Math.round(stream.changes / seconds),
          rowsPerSecond: Math.round(median(turns.map(({rows}) => rows)) / seconds),
          cpuSeconds: Object.fromEntries(
            (['source', 'target', 'own'] as const).map((who) => [
              who,
              rounded(median(turns.map(({cpuSeconds}) => cpuSeconds[who])), 1),
            ]),
          ),
        },
      ]
    }),
  )
  const mine = figures.get('ours')?.changesPerSecond
  for (const applier of taken.keys()) {
    const {seconds, changesPerSecond} = figures.get(applier.name)!
    tell(
      `${stream.name.padEnd(6)} ${applier.name.padEnd(8)} median ${seconds.toFixed(2)} s, ${changesPerSecond} changes/s${aside(applier)}`,
    )
  }
  const ratioTo = (name: Applier['name']) => {
    const other = figures.get(name)
    return mine && other ? rounded(mine / other.changesPerSecond, 2) : null
  }
  return {
    changes: stream.changes,
    ...Object.fromEntries(figures),
    ratioToNative: ratioTo('native'),
    ratioToBucardo: ratioTo('bucardo'),
  }
}

async function keepUp(appliers: readonly Applier[]): Promise<Record<string, Record<string, Sustained>> | string> {
  if (!findTool('pgbench')) return 'left out: pgbench is not installed'
  const found: Record<string, Record<string, Sustained>> = {}
  for (const [nth, rate] of values.rates.split(',').map(Number).entries()) {
    for (const applier of inTurns(appliers, nth + 1)) {
      const lag = await sustained(applier, {rate, seconds: Number(values.seconds), clients: 4})
      await applier.drain(0)
      await assertEqual(applier.source, applier.target)
      ;(found[`${rate} transactions/s`] ??= {})[applier.name] = lag
      tell(
        `at ${rate} transactions/s (${lag.tps} done) ${applier.name.padEnd(8)} is behind by ${lag.medianSeconds} s (median), ${lag.p95Seconds} s (p95), ${lag.maxSeconds} s (most)${aside(applier)}`,
      )
    }
  }
  return found
}
