import {USUAL_VAR} from '../../apps/source-vars.js'
import {urlForApp} from '../../apps/target-url.js'
import {tablesWithRows} from '../../copy/tables.js'
import {passFence} from '../../fence/fence.js'
import {describeWrites, landedWrites, lastLanded} from '../../fence/landed-writes.js'
import {leaveNote, noteOf, requireNote} from '../../journal/notes.js'
import {failed, messageOf, unverified} from '../../ports/errors.js'
import type {Session} from '../../ports/ports.js'
import {identifier} from '../../postgres/catalog.js'
import {withOption} from '../../postgres/connection-url.js'
import type {Migration} from '../migration.js'
import {never, type Step} from '../step.js'
import {codeOf, RAISE_EXCEPTION} from '../../postgres/sqlstate.js'

const TABLES_TRIED = 5

/** Reads, writes and runs a representative transaction on the target while the app is still in maintenance. */
export const smokeTest: Step = {
  id: 'smoke-test',
  title: 'Smoke test on the target',
  window: 'inside',
  undo: 'nothing',
  done: never,

  async run(migration) {
    const {target, settings} = migration
    const fencePass = await requireNote(migration, 'fenceKey')
    const before = (await noteOf(migration, 'smoke'))?.lastLanded ?? (await lastLanded(target))
    const {smokeSql} = settings
    const tried = await target.session(
      async (session) => {
        const updated = await tryOut(session, fencePass, () => touchTables(session))
        if (smokeSql !== undefined) await tryOut(session, fencePass, () => runSmokeSql(session, smokeSql))
        return updated
      },
      {discard: true},
    )
    const evidence = [`read and updated ${tried} tables in a transaction, rolled back`]
    if (smokeSql !== undefined) evidence.push('the smoke SQL passed, rolled back')
    if (settings.smokeCommand !== undefined)
      evidence.push(await runSmokeCommand(migration, settings.smokeCommand, fencePass))

    const left = await landedWrites(target, before)
    await leaveNote(migration, 'smoke', {lastLanded: await lastLanded(target)})
    if (left.length > 0) evidence.push(`what it wrote stays: ${describeWrites(left)}`)
    return evidence.join('; ')
  },
}

/** In one transaction that passes the fence and is rolled back, settings and all. */
async function tryOut<T>(session: Session, fencePass: string, work: () => Promise<T>): Promise<T> {
  await session.query('begin')
  try {
    await passFence(session, fencePass)
    await asTheAppFindsIt(session)
    return await work()
  } finally {
    await session.query('rollback')
  }
}

/** Our own sessions pin their settings; a test has those the app would have. */
async function asTheAppFindsIt(session: Session): Promise<void> {
  await session.query(`
    select set_config('search_path', coalesce((
      select substr(setting, strpos(setting, '=') + 1)
      from pg_db_role_setting s, unnest(s.setconfig) setting
      where setting like 'search\\_path=%'
        and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
        and s.setrole in (0, (select oid from pg_roles where rolname = current_user))
      order by s.setrole desc, s.setdatabase desc
      limit 1), '"$user", public'), true)`)
}

/** One row of each of the largest tables is written back onto itself: constraints, triggers and rights all take part. */
async function touchTables(session: Session): Promise<number> {
  const tables = (await tablesWithRows(session)).filter(({columns}) => columns.length > 0).slice(0, TABLES_TRIED)
  let touched = 0
  for (const table of tables) {
    const [column] = await session.query<{name: string}>(
      `select a.attname as name
       from pg_attribute a
       where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped
         and a.attgenerated = '' and a.attidentity <> 'a'
       order by a.attnum
       limit 1`,
      [table.name],
    )
    if (!column) continue
    const name = identifier(column.name)
    await session.query('savepoint touch')
    try {
      await session.query(
        `update only ${table.name} set ${name} = ${name} where ctid = (select ctid from only ${table.name} limit 1)`,
      )
      touched++
    } catch (error) {
      // A trigger of the app's that forbids updates has its reasons.
      if (codeOf(error) !== RAISE_EXCEPTION) throw error
    }
    await session.query('rollback to savepoint touch')
  }
  return touched
}

async function runSmokeSql(session: Session, sql: string): Promise<void> {
  try {
    await session.query(sql)
  } catch (error) {
    throw failed('smoke_sql_failed', `the smoke SQL failed on the target: ${messageOf(error)}`)
  }
}

/** The dyno alone may pass the target's fence: its URLs carry the key, which dies with the fence. */
async function runSmokeCommand(migration: Migration, command: string, fencePass: string): Promise<string> {
  const {heroku, app, targetUrl, settings} = migration
  const {moving = [], companions = {}} = (await requireNote(migration, 'apps')).find(({name}) => name === app) ?? {}
  const config = await heroku.configVars(app)
  const names = [...new Set([USUAL_VAR, ...moving])]
  const env = names.map((name) => {
    const url = urlForApp(targetUrl, settings.caFile, companions, config[name])
    return [name, withOption(url, `-c heroku_rds.pass=${fencePass}`)] as const
  })
  const {exitCode, output} = await heroku.runOneOff(app, command, Object.fromEntries(env))
  const lastLine = output.trim().split('\n').at(-1) ?? ''
  if (exitCode === undefined)
    throw unverified('smoke_command_unknown', `Heroku did not say how the smoke command ended; last line: ${lastLine}`)
  if (exitCode !== 0)
    throw failed('smoke_command_failed', `the smoke command ended with exit code ${exitCode}: ${lastLine}`)
  return 'the smoke command ended with exit code 0'
}
