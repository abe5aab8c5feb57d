import {expect} from 'chai'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'

import {startHeroku} from '../../sandbox/heroku/index.js'
import type {App, AppSpec, HerokuSimulator, StartOptions} from '../../sandbox/heroku/index.js'

const WEB = `import {createServer} from 'node:http'
const {DYNO, FOO, PORT} = process.env
createServer((request, response) => {
  response.end(JSON.stringify({dyno: DYNO, foo: FOO ?? null, path: request.url, env: process.env}))
}).listen(PORT)
`
const WORKER = `sleep 1000 & echo $! > "$DYNO.child"; while :; do echo "$DYNO $FOO" >> work.txt; sleep 0.02; done`

export type Json = Record<string, unknown>

export interface Answer<T> {
  status: number
  headers: Headers
  body: T
}

/** A simulator with a tiny slug: a web process that shows its environment, a worker that appends to work.txt. */
export class HerokuHarness {
  readonly dir = mkdtempSync(join(tmpdir(), 'sandbox-heroku-'))
  readonly sim: HerokuSimulator

  private constructor(sim: HerokuSimulator) {
    this.sim = sim
    writeFileSync(join(this.dir, 'web.mjs'), WEB)
  }

  static async open(options: StartOptions = {}): Promise<HerokuHarness> {
    const quick = {releaseSeconds: 0.05, prebootSeconds: 1, crashBackoffSeconds: 0.05, bootSeconds: 20}
    return new HerokuHarness(await startHeroku({...quick, ...options}))
  }

  /** Stops the simulator and checks that nothing of it is left. */
  async close(): Promise<void> {
    const up = this.sim.events.filter(({kind}) => kind === 'dyno-up').map(({detail}) => Number(detail['pid']))
    await this.sim.stop()
    expect(up.filter(isRunning), 'dynos left running').to.deep.equal([])
    for (const url of [this.sim.url, this.sim.routerUrl]) {
      expect(await fetch(url).catch(() => 'closed')).to.equal('closed')
    }
    rmSync(this.dir, {recursive: true})
  }

  createApp(name: string, spec: Partial<AppSpec> & {processTypes?: Record<string, string>} = {}): App {
    const {processTypes = {web: 'node web.mjs', worker: WORKER}, ...rest} = spec
    return this.sim.createApp({name, slug: {dir: this.dir, processTypes}, ...rest})
  }

  async api<T = Json>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(this.sim.url + path, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: {
        Accept: 'application/vnd.heroku+json; version=3',
        Authorization: `Bearer ${this.sim.token}`,
        'Content-Type': 'application/json',
        ...headers,
      },
    })
    const answer: Answer<T> = {status: response.status, headers: response.headers, body: (await response.json()) as T}
    return answer
  }

  /** A request to the app through the router. */
  async visit(app: string, path = '/') {
    const response = await fetch(`${this.sim.routerUrl}/${app}${path}`)
    const content = await response.text()
    const json = (response.ok ? JSON.parse(content) : {}) as {dyno?: string; foo?: string; path?: string; env?: Json}
    return {status: response.status, content, ...json}
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

export async function condition(holds: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${holds}`)
    await delay(10)
  }
}

/** Reads a followed stream up to a text, then hangs up. */
export async function readUntil(response: Response, wanted: string): Promise<string> {
  const decoder = new TextDecoder()
  let read = ''
  for await (const chunk of response.body!) {
    read += decoder.decode(chunk as Uint8Array, {stream: true})
    if (read.includes(wanted)) break
  }
  return read
}
