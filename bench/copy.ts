// How long a whole copy takes: rows, indexes, constraints. Ours and what a user would take instead, in turns, each onto a
// fresh database on the same two servers.
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {cpus, totalmem} from 'node:os'
import {parseArgs} from 'node:util'

import {clientMajor, type Contestant, ours, peers, withFolder} from './copy/contestants.js'
import {SHAPES} from './copy/shapes.js'
import {setStage, type Stage} from './copy/stage.js'

const {values} = parseArgs({
  options: {
    scale: {type: 'string', default: '1'},
    shape: {type: 'string', default: 'shop'},
    runs: {type: 'string', default: '3'},
    json: {type: 'boolean', default: false},
    alone: {type: 'boolean', default: false},
  },
})
const shape = SHAPES[values.shape]
if (!shape) throw new Error(`--shape is one of ${Object.keys(SHAPES).join(', ')}`)
const tell = (line: string) => (values.json ? console.error(line) : console.log(line))

interface Run {
  seconds: number
  told: Record<string, number>
  /** Of every process of the server. */
  sourceCpu: number
  targetCpu: number
}

const contestants = values.alone ? [ours] : [ours, ...peers()]
const runs = new Map<Contestant, Run[]>(contestants.map((contestant) => [contestant, []]))
tell(`preparing ${values.shape} at scale ${values.scale}`)
const stage = await setStage(shape(Number(values.scale)), clientMajor())
try {
  const expected = await stage.contents(stage.source.superuserUrl(stage.database.database))
  tell(`${(expected.bytes / 1e9).toFixed(2)} GB, ${expected.rows} rows, ${expected.indexes} indexes`)
  tell('warming up both servers')
  await measure(ours, expected, stage)
  for (let round = 1; round <= Number(values.runs); round++) {
    for (const contestant of contestants) {
      const run = await measure(contestant, expected, stage)
      runs.get(contestant)!.push(run)
      tell(
        `${round}. ${contestant.name.padEnd(34)} ${run.seconds.toFixed(2).padStart(7)} s   servers' cpu ${run.sourceCpu.toFixed(1)} + ${run.targetCpu.toFixed(1)} s${run.told['cpuSeconds'] ? `, own ${run.told['cpuSeconds'].toFixed(1)} s` : ''}`,
      )
    }
  }

  const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!
  const seconds = (contestant: Contestant) => median(runs.get(contestant)!.map((run) => run.seconds))
  const mine = runs.get(ours)!
  const [oneShot] = contestants.slice(1)
  const best = Math.min(...contestants.slice(1).map(seconds))
  const ratio = (other: number | undefined) => (other ? Number((seconds(ours) / other).toFixed(3)) : null)
  const result = {
    bytes: expected.bytes,
    runs: Number(values.runs),
    ours: Number(seconds(ours).toFixed(2)),
    peers: Object.fromEntries(
      contestants
        .slice(1)
        .map((peer) => [peer.name, {version: peer.version, seconds: Number(seconds(peer).toFixed(2))}]),
    ),
    ratioToBestPeer: Number.isFinite(best) ? ratio(best) : null,
    ratioToOneShot: oneShot ? ratio(seconds(oneShot)) : null,
    cpuSeconds: {
      ours: Number(median(mine.map(({told}) => told['cpuSeconds']!)).toFixed(1)),
      source: Number(median(mine.map(({sourceCpu}) => sourceCpu)).toFixed(1)),
      target: Number(median(mine.map(({targetCpu}) => targetCpu)).toFixed(1)),
    },
    peakRssMB: Math.max(...mine.map(({told}) => told['peakRssMB']!)),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 1024 ** 3)} GB, Postgres ${stage.source.major}, node ${process.version}`,
  }
  const file = values.shape === 'shop' ? 'copy.json' : `copy-${values.shape}.json`
  const folder = new URL('results/', import.meta.url)
  mkdirSync(folder, {recursive: true})
  if (!values.alone) writeFileSync(new URL(file, folder), JSON.stringify(result, null, 2) + '\n')
  if (values.json) console.log(JSON.stringify(result))
  else
    for (const contestant of contestants)
      tell(
        `${contestant.name.padEnd(34)} ${contestant.version.padEnd(20)} median ${seconds(contestant).toFixed(2)} s, ${(seconds(ours) / seconds(contestant)).toFixed(2)}`,
      )
} finally {
  await stage.stop()
}

type Contents = Awaited<ReturnType<Stage['contents']>>

async function measure(contestant: Contestant, expected: Contents, {source, target, ...on}: Stage): Promise<Run> {
  const fresh = await on.newTarget()
  const [sourceBefore, targetBefore] = [cpuOf(source.dataDir), cpuOf(target.dataDir)]
  const begun = performance.now()
  const told = await withFolder((folder) =>
    contestant.copy({source: on.database.url, target: fresh.url, caFile: on.caFile, folder}),
  )
  const seconds = (performance.now() - begun) / 1000
  const [sourceCpu, targetCpu] = [cpuOf(source.dataDir) - sourceBefore, cpuOf(target.dataDir) - targetBefore]
  const {rows, indexes, constraints} = await on.contents(target.superuserUrl(fresh.database))
  if (rows !== expected.rows || indexes !== expected.indexes || constraints !== expected.constraints) {
    throw new Error(
      `${contestant.name} brought ${rows} rows, ${indexes} indexes and ${constraints} constraints of ${expected.rows}, ${expected.indexes} and ${expected.constraints}`,
    )
  }
  await on.drop(fresh)
  return {seconds, told, sourceCpu, targetCpu}
}

/** Seconds of a postmaster and of all its children that have ended, where there is /proc. */
function cpuOf(dataDir: string): number {
  try {
    const [pid] = readFileSync(`${dataDir}/postmaster.pid`, 'utf8').split('\n')
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100
  } catch {
    return 0
  }
}
