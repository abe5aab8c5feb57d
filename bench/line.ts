// How much of a line a copy uses, and whether an assessment has foretold how long it takes: at a given distance from both databases.
import {parseArgs} from 'node:util'
import {readFileSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import {startDistance} from '../sandbox/network/distance.js'
import {clock} from '../src/lib/adapters/clock.js'
import {schemaDumpOf} from '../src/lib/adapters/pg-dump.js'
import {openDatabase} from '../src/lib/adapters/postgres.js'
import {assess} from '../src/lib/assessment/assess.js'
import {copyRows} from '../src/lib/copy/copy-rows.js'
import {copyObjects, readPostData} from '../src/lib/copy/copy-schema.js'
import {beginMigration, targetGuard} from '../src/lib/journal/journal.js'
import {withOperatorLock} from '../src/lib/journal/operator-lock.js'
import {WORKING_TABLES} from '../src/lib/open/migration.js'
import type {Line} from '../src/lib/ports/assessment.js'
import {known} from '../src/lib/ports/fact.js'
import type {Operator} from '../src/lib/ports/ports.js'
import {Secret} from '../src/lib/ports/secret.js'
import {parseConnectionUrl} from '../src/lib/postgres/connection-url.js'
import {ADDON, healthyHeroku, healthyRds} from '../test/support/healthy.js'
import {clientMajor} from './copy/contestants.js'
import {SHAPES} from './copy/shapes.js'
import {setStage} from './copy/stage.js'
import {durabilityOf} from './durability.js'
import {machine, median, rounded, saveResult, secondsOf} from './measure.js'

const {values} = parseArgs({
  options: {
    ms: {type: 'string', default: '20'},
    mbit: {type: 'string', default: '100'},
    shape: {type: 'string', default: 'shop'},
    scale: {type: 'string', default: '1'},
    runs: {type: 'string', default: '3'},
    save: {type: 'boolean', default: false},
  },
})
const shape = SHAPES[values.shape]
if (!shape) throw new Error(`--shape is one of ${Object.keys(SHAPES).join(', ')}`)
const line = {roundTripMs: Number(values.ms), mbitPerSecond: Number(values.mbit)}
const lineBytes = (line.mbitPerSecond * 1e6) / 8

interface Run {
  seconds: number
  /** Until the last row was there. */
  rowSeconds: number
  sent: number
  predicted: number
  predictedBytes: number
  measured: Line[]
  assessSeconds: number
}

const silent: Operator = {
  tell: (text) => console.log(text),
  step: () => undefined,
  copying: ({bytesPerSecond, running}) =>
    process.env['VERBOSE']
      ? console.log((bytesPerSecond / 1e6).toFixed(2), running.map(({what, table}) => `${what} ${table}`).join('; '))
      : undefined,
  following: () => undefined,
  verifying: () => undefined,
  decideGate: () => Promise.resolve(false),
}

const folder = mkdtempSync(join(tmpdir(), 'bench-line-'))
const stage = await setStage(shape(Number(values.scale)), clientMajor())
const distance = startDistance({databases: line}, folder)
try {
  const ports = {
    source: await distance.add('databases', stage.source),
    target: await distance.add('databases', stage.target),
  }
  const runs: Run[] = []
  for (let nth = 1; nth <= Number(values.runs); nth++) {
    const run = await copyOnce(ports)
    runs.push(run)
    console.log(
      `${nth}. predicted ${run.predicted.toFixed(1)} s, took ${run.seconds.toFixed(1)} s (rows ${run.rowSeconds.toFixed(1)} s); ` +
        `${(run.sent / 1e6).toFixed(1)} MB sent, ${(run.predictedBytes / 1e6).toFixed(1)} predicted; ` +
        `line ${((100 * run.sent) / run.rowSeconds / lineBytes).toFixed(1)} %; ` +
        `measured ${run.measured.map(({roundTripSeconds, bytesPerSecond}) => `${(roundTripSeconds * 1000).toFixed(1)} ms ${(bytesPerSecond / 1e6).toFixed(2)} MB/s`).join(', ')} in ${run.assessSeconds.toFixed(1)} s`,
    )
  }
  const of = (figure: (run: (typeof runs)[number]) => number, digits = 3) => {
    const all = runs.map(figure)
    return [median(all), Math.min(...all), Math.max(...all)].map((one) => rounded(one, digits))
  }
  const result = {
    ...line,
    shape: values.shape,
    scale: Number(values.scale),
    runs: runs.length,
    sentBytes: runs[0]!.sent,
    /** Median, smallest, largest. */
    seconds: of((run) => run.seconds, 1),
    shareOfLine: of((run) => run.sent / run.rowSeconds / lineBytes),
    predictedSeconds: of((run) => run.predicted, 1),
    predictedToActual: of((run) => run.predicted / run.seconds),
    machine: machine(String(stage.source.major)),
    durability: await durabilityOf([stage.source, stage.target]),
  }
  console.log(JSON.stringify(result))
  if (values.save) saveResult(`line-${values.shape}-${values.mbit}`, result)
} finally {
  await distance.stop()
  await stage.stop()
  rmSync(folder, {recursive: true, force: true})
}

async function copyOnce(ports: {source: number; target: number}): Promise<Run> {
  const fresh = await stage.newTarget()
  const at = (url: string, port: number, name: string) => {
    const there = new URL(url)
    there.port = String(port)
    return parseConnectionUrl(new Secret(there.href), name)
  }
  const [sourceParts, targetParts] = [
    at(stage.database.url, ports.source, 'BENCH_SOURCE'),
    at(fresh.url, ports.target, 'BENCH_TARGET'),
  ]
  const tls = {mode: 'encrypted'} as const
  const source = openDatabase('source', sourceParts, tls)
  const target = openDatabase('target', targetParts, {
    mode: 'verified',
    authorities: [readFileSync(stage.caFile, 'utf8')],
  })
  try {
    const world = {
      app: 'shop',
      addon: ADDON,
      heroku: healthyHeroku(),
      source,
      sourceAddress: sourceParts,
      target,
      targetEndpoint: targetParts,
      rds: healthyRds,
      clock,
    }
    const begun = performance.now()
    const assessment = await assess(world, {measureLines: true})
    const assessSeconds = (performance.now() - begun) / 1000
    const foretold = known(assessment.copy!)
    const measured = [known(assessment.distance!.source), known(assessment.distance!.target!)]
    await beginMigration(
      target,
      {app: 'bench', addonId: 'x', addonName: 'x', method: 'dump-restore', sourceIdentity: 'x'},
      WORKING_TABLES,
    )
    const schemaDump = await schemaDumpOf(
      at(stage.database.url, stage.source.port, 'BENCH_SOURCE'),
      tls,
      stage.source.major,
    )
    await copyObjects({source, target, schemaDump})
    const postData = await readPostData({source, target, schemaDump})
    return await withOperatorLock(target, {operator: 'bench', command: 'bench', after: 0}, async ({epoch}) => {
      let sent = 0
      const before = Date.now()
      const seconds = await secondsOf(async () => {
        const {signal} = new AbortController()
        const known = foretold.bytesPerSecond === null ? {} : {lineBytesPerSecond: foretold.bytesPerSecond}
        const copied = await copyRows(
          {source, target, operator: silent, clock, guard: targetGuard(epoch), ...known},
          postData,
          signal,
        )
        sent = copied.bytes
      })
      const {last} = await target.queryOne<{last: string}>(
        'select extract(epoch from max(copied_at))::text as last from heroku_rds.copy_chunks',
      )
      const rowSeconds = Number(last) - before / 1000
      return {
        seconds,
        rowSeconds,
        sent,
        predicted: foretold.seconds,
        predictedBytes: foretold.bytes,
        measured,
        assessSeconds,
      }
    })
  } finally {
    await Promise.all([source.close(), target.close()])
    await stage.drop(fresh)
  }
}
