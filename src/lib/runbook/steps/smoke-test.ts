import {requireRelease} from '../../apps/releases.js'
import {USUAL_VAR} from '../../apps/source-vars.js'
import {urlForApp} from '../../apps/target-url.js'
import {describeWrites, LAST_LANDED, landedSince} from '../../fence/landed-writes.js'
import {allEnded} from '../../flow/all-ended.js'
import {leaveNoteAtEnd, noteOf, requireNote} from '../../journal/notes.js'
import {failed, messageOf, unverified} from '../../ports/errors.js'
import type {Session} from '../../ports/ports.js'
import {everyAnswer} from '../../postgres/answers.js'
import {withOption} from '../../postgres/connection-url.js'
import {isLostConnection} from '../../postgres/lost-connection.js'
import {keepingSequences, moveSequences, POSITIONS, sequencePositions} from '../../verify/sequences.js'
import {rolledBackAsTheApp} from '../as-the-app.js'
import type {Migration} from '../migration.js'
import {FILLED_TABLES, trySelfUpdates} from '../self-updates.js'
import {never, type Step} from '../step.js'

/** Reads, writes and runs a representative transaction on the target while the app is still in maintenance. */
export const smokeTest: Step = {
  id: 'smoke-test',
  title: 'Smoke test on the target',
  window: 'inside',
  undo: 'nothing',
  done: never,

  async run(migration) {
    const {source, target, settings} = migration
    const fencePass = await requireNote(migration, 'fenceKey')
    const {positions, last, filled} = await everyAnswer(target, {
      positions: POSITIONS,
      last: LAST_LANDED,
      filled: FILLED_TABLES,
    })
    const before = (await noteOf(migration, 'smoke'))?.lastLanded ?? last
    const {smokeSql} = settings
    const trying = async () => {
      const tried = await trySelfUpdates(migration, fencePass, filled)
      if (smokeSql !== undefined)
        await rolledBackAsTheApp(target, fencePass, (session) => runSmokeSql(session, smokeSql))
      return tried
    }
    const {written, ruled} = await keepingSequences(target, trying, positions)
    // Triggers of the source may have drawn numbers as well, which no rollback takes back.
    if (ruled.length > 0) await moveSequences(target, await sequencePositions(source))
    const evidence = [`${written} tables read and written to in a transaction, rolled back`]
    if (ruled.length > 0) evidence.push(`refused on the source as well: ${ruled.join(', ')}`)
    if (smokeSql !== undefined) evidence.push('the smoke SQL passed, rolled back')
    if (settings.smokeCommand !== undefined)
      evidence.push(await runSmokeCommand(migration, settings.smokeCommand, fencePass))

    const {left, lastLanded} = await everyAnswer(target, {left: landedSince(before), lastLanded: LAST_LANDED})
    await leaveNoteAtEnd(migration, 'smoke', {lastLanded})
    if (left.length > 0) evidence.push(`what it wrote stays: ${describeWrites(left)}`)
    return evidence.join('; ')
  },
}

/** The operator's own SQL, which the target alone judges. */
async function runSmokeSql(session: Session, sql: string): Promise<void> {
  await session.query('savepoint smoke')
  try {
    await session.query(sql)
    await session.query('set constraints all immediate')
  } catch (error) {
    if (isLostConnection(error)) throw error
    throw failed('smoke_sql_failed', `the smoke SQL failed on the target: ${messageOf(error)}`)
  }
  await session.query('rollback to savepoint smoke').catch((error: unknown) => {
    if (isLostConnection(error)) throw error
    throw failed(
      'smoke_sql_committed',
      'the smoke SQL ended the transaction that would have been rolled back: what it wrote stays on the target',
      'leave begin, commit and rollback out of it',
    )
  })
}

/** Started on the switch's release. The dyno alone may pass the target's fence: its URLs carry the key, which dies with the fence. */
async function runSmokeCommand(migration: Migration, command: string, fencePass: string): Promise<string> {
  const {heroku, targetUrl, settings, operator} = migration
  const app = (await requireNote(migration, 'apps')).find(({name}) => name === migration.app)!
  const [config] = await allEnded([heroku.configVars(app.name), requireRelease(migration, app)])
  const names = [...new Set([USUAL_VAR, ...app.moving])]
  const env = names.map((name) => {
    const url = urlForApp(targetUrl, settings.caFile, app.companions, config[name])
    return [name, withOption(url, `-c heroku_rds.pass=${fencePass}`)] as const
  })
  const {exitCode, output} = await heroku.runOneOff(app, command, Object.fromEntries(env))
  // For the eyes of who wrote the command: it can quote rows, which the journal must not keep.
  if (exitCode !== 0) operator.tell(`the last line of the smoke command: ${output.trim().split('\n').at(-1)}`)
  if (exitCode === undefined)
    throw unverified('smoke_command_unknown', 'Heroku did not say how the smoke command ended')
  if (exitCode !== 0) throw failed('smoke_command_failed', `the smoke command ended with exit code ${exitCode}`)
  return 'the smoke command ended with exit code 0'
}
