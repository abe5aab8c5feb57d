import {randomBytes} from 'node:crypto'

import {failed} from '../ports/errors.js'
import type {Clock} from '../ports/ports.js'
import type {Secret} from '../ports/secret.js'
import {apiMessage, type HerokuClient, statusOf} from './heroku-client.js'

export interface OneOff {
  /** Undefined when Heroku's log, which may lose lines, did not tell it in time. */
  exitCode?: number
  output: string
}

const SECONDS_TO_LIVE = 300
const LOG_LINE = /^\S+ app\[[^\]]+\]: (.*)$/

/**
 * Runs a command in a detached one-off dyno and reads from the app's log what it printed and how it ended: the command
 * itself prints its exit status behind a mark of ours. What `env` holds is taken out of the output.
 */
export async function runOneOff(
  client: HerokuClient,
  clock: Clock,
  app: string,
  command: string,
  env: Record<string, Secret>,
): Promise<OneOff> {
  const mark = `heroku-plugin-rds ${randomBytes(6).toString('hex')}`
  const dyno = await start(client, clock, app, mark, {
    command: `( ${command} ); echo "${mark} exit $?"`,
    attach: false,
    type: 'run',
    time_to_live: SECONDS_TO_LIVE,
    force_no_tty: true,
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.reveal()])),
  })
  const log = await readLog(client, clock, app, dyno.name, mark).finally(() => stopAll(client, app, mark))
  const exit = exitStatus(log, mark)
  const lines = log.split('\n').flatMap((line) => LOG_LINE.exec(line)?.[1] ?? [])
  const text = lines.filter((line) => !line.includes(mark)).join('\n')
  const hidden = Object.values(env).flatMap((value) => secretsIn(value))
  return {
    ...(exit === undefined ? {} : {exitCode: exit}),
    output: hidden.reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), text),
  }
}

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

/** Follows the dyno's log until it tells the exit status. A session that breaks is opened again: the log keeps its last lines. */
async function readLog(client: HerokuClient, clock: Clock, app: string, dyno: string, mark: string): Promise<string> {
  const deadline = clock.now().getTime() + SECONDS_TO_LIVE * 1000
  let log = ''
  for (let attempt = 1; attempt <= TRIES && clock.now().getTime() < deadline; attempt++) {
    if (attempt > 1) await clock.sleep(PAUSE_MS / 2)
    log = await readSession(client, app, dyno, mark, deadline - clock.now().getTime())
    if (exitStatus(log, mark) !== undefined) break
  }
  return log
}

async function readSession(
  client: HerokuClient,
  app: string,
  dyno: string,
  mark: string,
  milliseconds: number,
): Promise<string> {
  const ended = new AbortController()
  const deadline = setTimeout(() => ended.abort(), milliseconds)
  const decoder = new TextDecoder()
  let log = ''
  try {
    const session = await client.post<{logplex_url: string}>(`/apps/${app}/log-sessions`, {
      dyno,
      lines: 100,
      tail: true,
    })
    for await (const chunk of await client.stream(session.logplex_url, ended.signal)) {
      log += decoder.decode(chunk, {stream: true})
      if (exitStatus(log, mark) !== undefined) break
    }
  } catch {
    // A broken stream says nothing about the dyno: the caller looks whether the exit status has been told.
  } finally {
    clearTimeout(deadline)
    ended.abort()
  }
  return log
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
