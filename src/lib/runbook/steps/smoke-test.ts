import {identifier} from '../../catalog.js'
import {failed, messageOf, unverified} from '../../errors.js'
import {passFence} from '../../freeze/fence.js'
import type {Session} from '../../ports.js'
import {Secret} from '../../secret.js'
import {tablesWithRows} from '../../copy/copy-rows.js'
import {describeWrites, landedWrites, lastLanded} from '../../way-back/landed-writes.js'
import type {Migration} from '../migration.js'
import {leaveNote, noteOf, requireNote} from '../notes.js'
import {never, type Step} from '../step.js'
import {urlForApp} from '../target-url.js'

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
    const key = await requireNote(migration, 'fenceKey')
    const before = (await noteOf(migration, 'smoke'))?.lastLanded ?? (await lastLanded(target))
    const tried = await target.session(async (session) => {
      await passFence(session, key)
      const updated = await rolledBack(session, () => touchTables(session))
      if (settings.smokeSql !== undefined) await rolledBack(session, () => runSmokeSql(session, settings.smokeSql!))
      return updated
    })
    const evidence = [`read and updated ${tried} tables in a transaction, rolled back`]
    if (settings.smokeSql !== undefined) evidence.push('the smoke SQL passed, rolled back')
    if (settings.smokeCommand !== undefined) evidence.push(await runSmokeCommand(migration, settings.smokeCommand, key))

    const left = await landedWrites(target, before)
    await leaveNote(migration, 'smoke', {lastLanded: await lastLanded(target)})
    if (left.length > 0) evidence.push(`it left ${describeWrites(left)}`)
    return evidence.join('; ')
  },
}

async function rolledBack<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.query('begin')
  try {
    return await work()
  } finally {
    await session.query('rollback')
  }
}

/** One row of each of the largest tables is written back onto itself: constraints, triggers and rights all take part. */
async function touchTables(session: Session): Promise<number> {
  const tables = (await tablesWithRows(session)).filter(({columns}) => columns.length > 0).slice(0, TABLES_TRIED)
  for (const table of tables) {
    const [column] = await session.query<{name: string}>(
      `select a.attname as name from pg_attribute a
       where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity <> 'a'
       order by a.attnum limit 1`,
      [table.identifier],
    )
    if (!column) continue
    const name = identifier(column.name)
    await session.query(
      `update only ${table.identifier} set ${name} = ${name} where ctid = (select ctid from only ${table.identifier} limit 1)`,
    )
  }
  return tables.length
}

async function runSmokeSql(session: Session, sql: string): Promise<void> {
  try {
    await session.query(sql)
  } catch (error) {
    throw failed('smoke_sql_failed', `the smoke SQL failed on the target: ${messageOf(error)}`)
  }
}

/** The dyno alone may pass the target's fence: its URL carries the key, which dies with the fence. */
async function runSmokeCommand(migration: Migration, command: string, key: string): Promise<string> {
  const {heroku, app, targetUrl, settings} = migration
  const apps = await requireNote(migration, 'apps')
  const companions = apps.find(({name}) => name === app)?.companions ?? {}
  const url = `${urlForApp(targetUrl, settings.caFile, companions).reveal()}&options=${encodeURIComponent(`-c heroku_rds.pass=${key}`)}`
  const {exitCode, output} = await heroku.runOneOff(app, command, {DATABASE_URL: new Secret(url)})
  const lastLine = output.trim().split('\n').at(-1) ?? ''
  if (exitCode === undefined)
    throw unverified('smoke_command_unknown', `Heroku did not tell how the smoke command ended; last line: ${lastLine}`)
  if (exitCode !== 0)
    throw failed('smoke_command_failed', `the smoke command ended with exit code ${exitCode}: ${lastLine}`)
  return 'the smoke command ended with exit code 0'
}
