// One copy by the plugin, in a process of its own so that its memory and time are its own. Prints what it took as JSON;
// with BENCH_VERBOSE it tells on stderr when it did what.
import {WORKING_TABLES} from '../../src/lib/open/migration.js'
import {readFileSync} from 'node:fs'
import {setTimeout as delay} from 'node:timers/promises'

import {beginMigration, targetGuard} from '../../src/lib/journal/journal.js'
import {withOperatorLock} from '../../src/lib/journal/operator-lock.js'
import {parseConnectionUrl} from '../../src/lib/postgres/connection-url.js'
import {schemaDumpOf} from '../../src/lib/adapters/pg-dump.js'
import {openDatabase} from '../../src/lib/adapters/postgres.js'
import {copyConstraints} from '../../src/lib/copy/constraints.js'
import {copyRows} from '../../src/lib/copy/copy-rows.js'
import {copyObjects, readPostData} from '../../src/lib/copy/copy-schema.js'
import type {Operator} from '../../src/lib/ports/ports.js'
import {Secret} from '../../src/lib/ports/secret.js'
import {moveSequences, sequencePositions} from '../../src/lib/verify/sequences.js'

const verbose = process.env['BENCH_VERBOSE'] !== undefined
const sourceParts = parseConnectionUrl(new Secret(process.env['BENCH_SOURCE']!), 'BENCH_SOURCE')
const targetParts = parseConnectionUrl(new Secret(process.env['BENCH_TARGET']!), 'BENCH_TARGET')
const sourceTls = {mode: 'encrypted'} as const
const source = openDatabase('source', sourceParts, sourceTls)
const target = openDatabase('target', targetParts, {
  mode: 'verified',
  authorities: [readFileSync(process.env['BENCH_CA']!, 'utf8')],
})
const operator: Operator = {
  tell: (line) => console.error(line),
  step: () => undefined,
  copying: (progress) => (verbose ? console.error(JSON.stringify(progress)) : undefined),
  following: () => undefined,
  verifying: () => undefined,
  decideGate: () => Promise.resolve(false),
}
let peak = 0
const sampler = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 100)
const mark = (what: string) =>
  verbose ? console.error(`${(performance.now() / 1000).toFixed(2)} s ${what}`) : undefined
const signal = new AbortController().signal

await beginMigration(
  target,
  {app: 'bench', addonId: 'x', addonName: 'x', method: 'dump-restore', sourceIdentity: 'x'},
  WORKING_TABLES,
)
await withOperatorLock(target, {operator: 'bench', command: 'bench', after: 0}, async ({epoch}) => {
  const schemaDump = await schemaDumpOf(sourceParts, sourceTls, 15)
  mark('begins')
  await copyObjects({source, target, schemaDump})
  mark('schema copied')
  const postData = await readPostData({source, target, schemaDump})
  mark('rest of the schema read')
  const clock = {now: () => new Date(), sleep: (ms: number) => delay(ms)}
  await copyRows({source, target, operator, clock, guard: targetGuard(epoch)}, postData, signal)
  mark('rows copied and indexes built')
  await copyConstraints({source, target}, postData, signal)
  await moveSequences(target, await sequencePositions(source))
  mark('constraints built')
})
await Promise.all([source.close(), target.close()])
clearInterval(sampler)
const {user, system} = process.cpuUsage()
console.log(JSON.stringify({peakRssMB: Math.round(peak / 1024 ** 2), cpuSeconds: (user + system) / 1e6}))
