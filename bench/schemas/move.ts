import {setTimeout as delay} from 'node:timers/promises'

import {readJournal} from '../../sandbox/journal-reader.js'
import type {Major} from '../../sandbox/postgres/binaries.js'
import {type Sandbox, startSandbox} from '../../sandbox/sandbox.js'
import type {Shop} from '../../sandbox/shop.js'
import {newFolder, withCleanup} from '../cleanup.js'
import {makeDurable} from '../durability.js'
import {ask} from '../stage.js'
import {definitionsOf, differencesOf} from './compare/definitions.js'
import {rowsOf} from './compare/rows.js'
import {fill} from './fill.js'
import {loadScript} from './load.js'
import {type Commands, commandsOf} from './operating.js'
import {type Outcome, type Phase, Phases} from './outcome.js'
import {assessAndCure} from './remedies.js'
import {startWriter, type Writer} from './writer.js'

export interface Schema {
  name: string
  /** The script. */
  text: string
  majors: [source: Major, target: Major]
  rowsEach: number
  /** Told of each phase as it begins. */
  tell: (phase: Phase) => void
}

const FOLLOWED_SECONDS = 3
const WRITES_MS = 1000

/** Loads a schema into a sandbox of its own, moves it there and back again, and gives the move up. */
export async function moveSchema({name, text, majors, rowsEach, tell}: Schema): Promise<Outcome> {
  const phases = new Phases(tell)
  const outcome: Outcome = {schema: name, majors, phases: phases.results, seconds: phases.seconds}
  await withCleanup(async (later) => {
    const [sourceMajor, targetMajor] = majors
    const sandbox = await startSandbox({sourceMajor, targetMajor})
    later(() => sandbox.stop())
    outcome.durability = await makeDurable([sandbox.source, sandbox.target])
    Object.assign(process.env, sandbox.env)
    const shop = await sandbox.openShop({name: 'shop', empty: true, formation: {}})
    const commands = await commandsOf(shop)
    outcome.loaded = await phases.do('load', () => loadScript(sandbox, shop, text, newFolder(later)))
    outcome.counts = await countsOf(shop)
    const filled = await phases.do('fill', () => fill(sandbox, shop, rowsEach))
    if (!filled) return
    outcome.filled = {rows: filled.rows, unfilled: filled.unfilled}
    outcome.assessed = await phases.do('assess', async () => {
      const assessed = await assessAndCure(sandbox, shop, () => commands.assess())
      if (assessed.left.length > 0) phases.note('assess', `blocked: ${assessed.left.join('; ')}`)
      return assessed
    })
    const writer = startWriter(shop.source.url, filled.catalog)
    later(() => writer.stop())
    outcome.written = writer.written
    await travel({sandbox, shop, commands, phases, outcome, writer})
  }).catch((error: unknown) => phases.fail(error))
  return outcome
}

interface Journey {
  sandbox: Sandbox
  shop: Shop
  commands: Commands
  phases: Phases
  outcome: Outcome
  writer: Writer
}

async function travel({sandbox, shop, commands, phases, outcome, writer}: Journey): Promise<void> {
  const sourceUrl = sandbox.source.superuserUrl(shop.source.database)
  const targetUrl = sandbox.target.superuserUrl(shop.target.database)
  const before = await definitionsOf(sourceUrl)
  await phases.do('start', async () => {
    outcome.startSeconds = await commands.start(FOLLOWED_SECONDS)
  })
  if (phases.hold('start')) {
    await phases.do('verify', async () => phases.none('verify', await commands.verify()))
    await phases.do('cutover', () => commands.cutover())
  }
  if (phases.hold('cutover')) {
    await phases.do('compare', async () => {
      const {windowSeconds, writePauseSeconds} = await readJournal(shop.target.url)
      Object.assign(outcome, {windowSeconds, writePauseSeconds})
      const sides = ['source', 'target'] satisfies [string, string]
      const definitions = differencesOf(await definitionsOf(sourceUrl), await definitionsOf(targetUrl), sides)
      const rows = differencesOf(await rowsOf(sourceUrl), await rowsOf(targetUrl), sides)
      phases.none('compare', [...definitions, ...rows])
    })
    const frozen = writer.written.changes
    await phases.do('rollback', async () => {
      await delay(WRITES_MS)
      if (writer.written.changes > frozen) throw new Error('the frozen source took writes')
      await commands.rollback()
      await delay(WRITES_MS)
      if (writer.written.changes === frozen && frozen > 0)
        throw new Error('the source takes no writes after the rollback')
    })
  }
  await writer.stop()
  const rows = await rowsOf(sourceUrl)
  await phases.do('abandon', () => commands.abandon())
  if (!phases.hold('abandon')) return
  await phases.do('as before', async () => {
    const sides = ['before', 'after'] satisfies [string, string]
    const left = await leftovers(sourceUrl)
    const definitions = differencesOf(before, await definitionsOf(sourceUrl), sides)
    phases.none('as before', [...left, ...definitions, ...differencesOf(rows, await rowsOf(sourceUrl), sides)])
    phases.none('as before', writer.written.ours)
  })
}

async function leftovers(superuserUrl: string): Promise<string[]> {
  const rows = await ask<{what: string}>(
    superuserUrl,
    `select 'schema ' || nspname as what from pg_namespace where nspname = 'heroku_rds'
     union all select 'trigger ' || tgname || ' on ' || tgrelid::regclass from pg_trigger where tgname ~ 'heroku_rds'
     union all select 'setting ' || unnest(setconfig) from pg_db_role_setting where setconfig::text ~ 'read_only'`,
  )
  return rows.map(({what}) => `${what} is left`)
}

async function countsOf({source}: Shop): Promise<Outcome['counts']> {
  const [row] = await ask<NonNullable<Outcome['counts']>>(
    source.url,
    `with mine as (
       select oid from pg_namespace
       where nspname !~ '^pg_' and nspname not in ('information_schema', '_heroku', 'heroku_ext'))
     select (select count(*)::int from pg_class where relkind in ('r', 'p') and relnamespace in (select oid from mine)) as tables,
       (select count(*)::int from pg_class where relkind in ('i', 'I') and relnamespace in (select oid from mine)) as indexes,
       (select count(*)::int from pg_constraint where contype = 'f' and connamespace in (select oid from mine)) as "foreignKeys",
       (select count(*)::int from pg_proc p where pronamespace in (select oid from mine) and not exists (
         select from pg_depend where classid = 'pg_proc'::regclass and objid = p.oid and deptype = 'e')) as functions`,
  )
  return row
}
