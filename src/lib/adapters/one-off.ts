import {randomBytes} from 'node:crypto'

import {uncounted} from '../flow/waits.js'
import {failed} from '../ports/errors.js'
import type {Clock, HerokuApp} from '../ports/ports.js'
import type {Secret} from '../ports/secret.js'
import type {HerokuClient} from './heroku-client.js'
import {apiMessage, statusOf} from './heroku-errors.js'

export interface OneOff {
  /** Undefined when Heroku's log, which may lose lines, did not tell it in time. */
  exitCode?: number
  output: string
}

const SECONDS_TO_LIVE = 300
const LOG_LINE = /^\S+ app\[[^\]]+\]: (.*)$/
const SCRIPT_VAR = 'HEROKU_RDS_SCRIPT'

/**
 * Runs a command in a detached one-off dyno until it has ended, and reads from the app's log what it printed and how it ended: the
 * command itself prints its exit status behind a mark of ours. The secrets in `env` are taken out of the output. The dyno's list, not the
 * log, says when it has ended: an app may have no log sessions, or send its log elsewhere.
 */
export async function runOneOff(
  client: HerokuClient,
  clock: Clock,
  {name: app, generation}: Pick<HerokuApp, 'generation' | 'name'>,
  command: string,
  env: Record<string, Secret | string>,
): Promise<OneOff> {
  const mark = `heroku-plugin-rds ${randomBytes(6).toString('hex')}`
  const values = Object.entries(env).map(
    ([name, value]) => [name, typeof value === 'string' ? value : value.reveal()] as const,
  )
  const dyno = await start(client, clock, app, mark, {
    command: shellOf(generation, `( eval "$${SCRIPT_VAR}" ); echo "${mark} exit $?"`),
    attach: false,
    type: 'run',
    time_to_live: SECONDS_TO_LIVE,
    force_no_tty: true,
    env: {...Object.fromEntries(values), [SCRIPT_VAR]: command},
  })
  const log = await readLog(client, clock, app, dyno.name, mark).finally(() =>
    stopAll(client.asking({signal: undefined}), app, mark),
  )
  const exit = exitStatus(log, mark)
  const lines = log.split('\n').flatMap((line) => LOG_LINE.exec(line)?.[1] ?? [])
  const text = lines.filter((line) => !line.includes(mark)).join('\n')
  const hidden = Object.values(env).flatMap((value) => (typeof value === 'string' ? [] : secretsIn(value)))
  return {
    ...(exit === undefined ? {} : {exitCode: exit}),
    output: hidden.reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), text),
  }
}

/** What buildpacks brought to a Cloud Native image is found by its launcher only, to which a lone argument is a script (buildpacks.io). */
const shellOf = (generation: HerokuApp['generation'], script: string): string =>
  generation === 'fir' ? `launcher '${script.replaceAll("'", `'\\''`)}'` : script

const NEW_RELEASE = 409
const PAUSE_MS = 2000
const TRIES = 5

/** A dyno cannot be asked for twice: after an unknown outcome the one whose command bears our mark is looked for. */
async function start(
  client: HerokuClient,
  clock: Clock,
  app: string,
  mark: string,
  body: object,
): Promise<{name: string}> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.post<{name: string}>(`/apps/${app}/dynos`, body)
    } catch (error) {
      const dynos = await client.get<{name: string; command?: string}[]>(`/apps/${app}/dynos`)
      const started = dynos.find((dyno) => dyno.command?.includes(mark))
      if (started) return started
      const status = statusOf(error)
      if (attempt >= TRIES || (status !== NEW_RELEASE && status !== 0 && status < 500)) {
        throw failed('one_off_failed', `${app} could not start a one-off dyno: ${apiMessage(error)}`)
      }
      await clock.sleep(PAUSE_MS)
    }
  }
}

/** None may outlive its answer: not one that hangs, nor a twin that a repeated request has started. */
async function stopAll(client: HerokuClient, app: string, mark: string): Promise<void> {
  const ours = async () =>
    (await client.get<{id: string; command?: string}[]>(`/apps/${app}/dynos`)).filter(({command}) =>
      command?.includes(mark),
    )
  for (const {id} of await ours()) {
    const gone = async () => !(await ours()).some((dyno) => dyno.id === id)
    await client.once({method: 'POST', path: `/apps/${app}/dynos/${id}/actions/stop`, body: {}}, gone)
  }
}

/** The log keeps its last lines for a session that is opened again; one that tells nothing is given this long after the dyno's end. */
const LATE_MS = 3000
const FIRST_LOOK_MS = 500
const LONGEST_LOOK_MS = 5000

/** Follows the dyno's log until it tells the exit status, or until the dyno has ended and no log comes. A session that breaks is opened again. */
async function readLog(client: HerokuClient, clock: Clock, app: string, dyno: string, mark: string): Promise<string> {
  const over = new AbortController()
  const ended = endOf(client, clock, app, dyno, over.signal).finally(() => over.abort())
  ended.catch(() => undefined)
  let log = ''
  for (let attempt = 1; attempt <= TRIES && !over.signal.aborted; attempt++) {
    if (attempt > 1) await clock.sleep(PAUSE_MS / 2, over.signal).catch(() => undefined)
    log = await readSession(client, app, dyno, mark, over.signal)
    if (exitStatus(log, mark) !== undefined) over.abort()
  }
  await ended
  return log
}

/** Waits until the dyno is no longer listed and its last lines should have come; at most as long as it may live. */
async function endOf(
  client: HerokuClient,
  clock: Clock,
  app: string,
  dyno: string,
  signal: AbortSignal,
): Promise<void> {
  const deadline = clock.now().getTime() + SECONDS_TO_LIVE * 1000
  const rest = (milliseconds: number) => clock.sleep(milliseconds, signal).catch(() => undefined)
  for (let pause = FIRST_LOOK_MS; clock.now().getTime() < deadline; pause = Math.min(pause * 1.5, LONGEST_LOOK_MS)) {
    await rest(pause)
    if (signal.aborted) return
    const dynos = await uncounted(() => client.get<{name: string}[]>(`/apps/${app}/dynos`))
    if (!dynos.some(({name}) => name === dyno)) return rest(LATE_MS)
  }
}

async function readSession(
  client: HerokuClient,
  app: string,
  dyno: string,
  mark: string,
  signal: AbortSignal,
): Promise<string> {
  const ended = new AbortController()
  const decoder = new TextDecoder()
  let log = ''
  try {
    const session = await client.until(signal).post<{logplex_url: string}>(`/apps/${app}/log-sessions`, {
      dyno,
      lines: 100,
      tail: true,
    })
    const stream = await client.stream(session.logplex_url, AbortSignal.any([signal, ended.signal]))
    for await (const chunk of stream) {
      log += decoder.decode(chunk, {stream: true})
      if (exitStatus(log, mark) !== undefined) break
    }
  } catch {
    // A refused or broken stream says nothing about the dyno: the caller looks whether the exit status has been told.
  } finally {
    ended.abort()
  }
  return log.replaceAll(/^data: /gm, '')
}

function exitStatus(log: string, mark: string): number | undefined {
  const told = new RegExp(`${mark} exit (\\d+)`).exec(log)
  return told ? Number(told[1]) : undefined
}

/** The value and, when it is a URL, the password inside it, as it stands and decoded. */
function secretsIn(value: Secret): string[] {
  const text = value.reveal()
  const password = /:\/\/[^:/@]*:([^@]+)@/.exec(text)?.[1]
  return [text, ...(password ? [password, decodeURIComponent(password)] : [])].filter((secret) => secret.length > 3)
}
