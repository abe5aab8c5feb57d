// How long a whole copy takes: rows, indexes, constraints. Ours and what a user would take instead, in turns, each onto a
// fresh database on the same two servers.
import {parseArgs} from 'node:util'

import {startDistance} from '../sandbox/network/distance.js'
import {describeProfile, PROFILES} from '../sandbox/network/profiles.js'
import {newFolder, withCleanup} from './cleanup.js'
import {clientMajor, type Contestant, ours, peers, withFolder} from './copy/contestants.js'
import {SHAPES} from './copy/shapes.js'
import {setStage, type Stage} from './copy/stage.js'
import {nameAt, profileNamed, throughPort} from './distance.js'
import {durabilityOf} from './durability.js'
import {cpuOf, inTurns, machine, median, rounded, saveResult, secondsOf} from './measure.js'

const {values} = parseArgs({
  options: {
    scale: {type: 'string', default: '1'},
    shape: {type: 'string', default: 'shop'},
    runs: {type: 'string', default: '3'},
    distance: {type: 'string', default: 'loopback'},
    json: {type: 'boolean', default: false},
    alone: {type: 'boolean', default: false},
  },
})
const shape = SHAPES[values.shape]
if (!shape) throw new Error(`--shape is one of ${Object.keys(SHAPES).join(', ')}`)
const distance = profileNamed(values.distance)
const tell = (line: string) => (values.json ? console.error(line) : console.log(line))

interface Run {
  seconds: number
  told: Record<string, number>
  /** Of every process of the server. */
  sourceCpu: number
  targetCpu: number
}

/** By which the contestants reach the servers; what prepares and checks is near. */
interface Ports {
  source: number
  target: number
}

const contestants = values.alone ? [ours] : [ours, ...peers()]
const width = Math.max(...contestants.map(({name}) => name.length))

const result = await withCleanup(async (later) => {
  tell(`preparing ${values.shape} at scale ${values.scale}; ${describeProfile(PROFILES[distance])}`)
  const stage = await setStage(shape(Number(values.scale)), clientMajor())
  later(() => stage.stop())
  const between = startDistance(distance, newFolder(later))
  later(() => between.stop())
  const ports = {
    source: await between.add('databases', stage.source),
    target: await between.add('databases', stage.target),
  }
  const expected = await stage.contents(stage.source.superuserUrl(stage.database.database))
  const durability = await durabilityOf([stage.source, stage.target])
  tell(`${(expected.bytes / 1e9).toFixed(2)} GB, ${expected.rows} rows, ${expected.indexes} indexes; ${durability}`)
  tell('warming up both servers')
  await measure(ours, expected, stage, ports)
  const runs = new Map<Contestant, Run[]>(contestants.map((contestant) => [contestant, []]))
  for (let round = 1; round <= Number(values.runs); round++) {
    for (const contestant of inTurns(contestants, round)) {
      const run = await measure(contestant, expected, stage, ports)
      runs.get(contestant)!.push(run)
      tell(`${round}. ${contestant.name.padEnd(width)} ${words(run)}`)
    }
  }

  const seconds = (contestant: Contestant) => median(runs.get(contestant)!.map((run) => run.seconds))
  const mine = runs.get(ours)!
  const cpu = (figure: (run: Run) => number) => rounded(median(mine.map(figure)), 1)
  const ratioTo = (other: number) => rounded(seconds(ours) / other)
  for (const contestant of contestants)
    tell(
      `${contestant.name.padEnd(width)} ${contestant.version.padEnd(20)} median ${seconds(contestant).toFixed(2)} s, ${ratioTo(seconds(contestant)).toFixed(2)}`,
    )
  const others = contestants.slice(1)
  const [oneShot] = others
  return {
    machine: machine(String(stage.source.major)),
    distance: describeProfile(PROFILES[distance]),
    durability,
    bytes: expected.bytes,
    runs: Number(values.runs),
    ours: rounded(seconds(ours), 2),
    peers: Object.fromEntries(
      others.map((peer) => [peer.name, {version: peer.version, seconds: rounded(seconds(peer), 2)}]),
    ),
    ratioToBestPeer: oneShot ? ratioTo(Math.min(...others.map(seconds))) : null,
    ratioToOneShot: oneShot ? ratioTo(seconds(oneShot)) : null,
    cpuSeconds: {
      ours: cpu(({told}) => told['cpuSeconds']!),
      source: cpu(({sourceCpu}) => sourceCpu),
      target: cpu(({targetCpu}) => targetCpu),
    },
    peakRssMB: Math.max(...mine.map(({told}) => told['peakRssMB']!)),
  }
})
if (!values.alone) saveResult(nameAt(distance, values.shape === 'shop' ? 'copy' : `copy-${values.shape}`), result)
if (values.json) console.log(JSON.stringify(result))

type Contents = Awaited<ReturnType<Stage['contents']>>

async function measure(
  contestant: Contestant,
  expected: Contents,
  {source, target, ...on}: Stage,
  ports: Ports,
): Promise<Run> {
  const fresh = await on.newTarget()
  const where = {
    source: throughPort(on.database.url, ports.source),
    target: throughPort(fresh.url, ports.target),
    caFile: on.caFile,
  }
  const [sourceBefore, targetBefore] = [cpuOf(source), cpuOf(target)]
  let told: Run['told'] = {}
  const seconds = await withFolder((folder) =>
    secondsOf(async () => (told = await contestant.copy({...where, folder}))),
  )
  const [sourceCpu, targetCpu] = [cpuOf(source) - sourceBefore, cpuOf(target) - targetBefore]
  const {rows, indexes, constraints} = await on.contents(target.superuserUrl(fresh.database))
  if (rows !== expected.rows || indexes !== expected.indexes || constraints !== expected.constraints) {
    throw new Error(
      `${contestant.name} brought ${rows} rows, ${indexes} indexes and ${constraints} constraints of ${expected.rows}, ${expected.indexes} and ${expected.constraints}`,
    )
  }
  await on.drop(fresh)
  return {seconds, told, sourceCpu, targetCpu}
}

function words({seconds, sourceCpu, targetCpu, told}: Run): string {
  const own = told['cpuSeconds'] === undefined ? '' : `, own ${told['cpuSeconds'].toFixed(1)} s`
  return `${seconds.toFixed(2).padStart(7)} s   servers' cpu ${sourceCpu.toFixed(1)} + ${targetCpu.toFixed(1)} s${own}`
}
