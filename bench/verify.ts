// How fast every row of two databases is compared, beside counting them, and beside reading one of them with pg_dump: in turns.
import {parseArgs} from 'node:util'

import type {Major} from '../sandbox/postgres/binaries.js'
import type {Database} from '../src/lib/ports/ports.js'
import {compareFrozen} from '../src/lib/verify/frozen.js'
import {jobsFor} from '../src/lib/verify/jobs.js'
import {tablesToVerify} from '../src/lib/verify/tables.js'
import {withCleanup} from './cleanup.js'
import {findTool, libpq, runTool} from './client-tools.js'
import {clientMajor} from './copy/contestants.js'
import {SHAPES} from './copy/shapes.js'
import {cpuOf, machine, median, rounded, saveResult, secondsOf} from './measure.js'
import {clock, never, silent} from './migration.js'
import {ask, type Place, QUIET, setStage} from './stage.js'

const {values} = parseArgs({
  options: {
    scale: {type: 'string', default: '1.5'},
    runs: {type: 'string', default: '5'},
    json: {type: 'boolean', default: false},
    trial: {type: 'boolean', default: false},
  },
})
const tell = (line: string) => (values.json ? console.error(line) : console.log(line))

interface Contestant {
  name: 'compare' | 'count' | 'dump'
  means: string
  run(): Promise<unknown>
}

interface Turn {
  seconds: number
  cpuSeconds: number
}

const result = await withCleanup(async (later) => {
  const major = Math.min(clientMajor(), 17) as Major
  tell(`preparing both sides at scale ${values.scale}`)
  const stage = await setStage(later, {sourceMajor: major, targetMajor: major, settings: QUIET})
  const [source, target] = [await stage.newSource(await stage.newSourceServer()), await stage.newTarget()]
  for (const {url, server} of [source, target]) {
    await ask(url, ...SHAPES['shop']!(Number(values.scale)), 'vacuum (freeze, analyze)')
    await server.superuser('postgres', 'checkpoint')
  }
  const tables = await tablesToVerify(source.db)
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0)
  tell(`${(bytes / 1e9).toFixed(2)} GB in ${tables.length} tables, without their indexes`)

  const contestants = await contestantsOf(source, target)
  const taken = new Map<Contestant, Turn[]>(contestants.map((contestant) => [contestant, []]))
  for (let round = 0; round <= Number(values.runs); round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(round + turn) % contestants.length]!
      const before = cpuOf(source.server) + cpuOf(target.server)
      const seconds = await secondsOf(() => contestant.run())
      const cpuSeconds = cpuOf(source.server) + cpuOf(target.server) - before
      tell(`${round}. ${contestant.means.padEnd(50)} ${seconds.toFixed(2)} s, servers' cpu ${cpuSeconds.toFixed(1)} s`)
      if (round > 0) taken.get(contestant)!.push({seconds, cpuSeconds})
    }
  }
  const figures = Object.fromEntries(
    [...taken].map(([{name}, turns]) => {
      const seconds = median(turns.map((turn) => turn.seconds))
      const cpuSeconds = median(turns.map((turn) => turn.cpuSeconds))
      return [
        name,
        {
          seconds: rounded(seconds, 2),
          gigabytesPerSecond: rounded(bytes / 1e9 / seconds),
          cpuSeconds: rounded(cpuSeconds, 1),
        },
      ]
    }),
  )
  const ratioTo = (name: Contestant['name']) =>
    figures[name] ? rounded(figures['compare']!.seconds / figures[name].seconds, 2) : null
  const ratios = {ratioToCount: ratioTo('count'), ratioToDump: ratioTo('dump')}
  return {
    machine: machine(String(major)),
    durability: await stage.durability(),
    runs: Number(values.runs),
    bytes,
    tables: tables.length,
    ...figures,
    ...ratios,
  }
})
if (!values.trial) saveResult('verify', result)
console.log(JSON.stringify(result, null, values.json ? undefined : 2))

async function contestantsOf(source: Place, target: Place): Promise<Contestant[]> {
  const sides = {from: source.db, to: target.db}
  const jobs = await jobsFor(sides)
  const dump = findTool('pg_dump')
  return [
    {
      name: 'compare',
      means: 'every row of both sides compared',
      async run() {
        const {differences} = await compareFrozen({...sides, clock, operator: silent(), signal: never})
        if (differences.length > 0) throw new Error('the sides differ')
      },
    },
    {
      name: 'count',
      means: 'select count(*) of every table of both sides',
      run: () => Promise.all([countAll(source.db, jobs), countAll(target.db, jobs)]),
    },
    ...(dump
      ? [
          {
            name: 'dump' as const,
            means: 'pg_dump of the source > /dev/null',
            run: () => runTool(dump, ['--file=/dev/null'], {...libpq(source.url), PGSSLMODE: 'require'}),
          },
        ]
      : []),
  ]
}

/** In as many sessions as the comparison has on each side, the largest tables first. */
async function countAll(db: Database, jobs: number): Promise<void> {
  const tables = await tablesToVerify(db)
  const lane = async () => {
    for (let table = tables.shift(); table; table = tables.shift())
      await db.query(`select count(*) from only ${table.name}`)
  }
  await Promise.all(Array.from({length: jobs}, lane))
}
