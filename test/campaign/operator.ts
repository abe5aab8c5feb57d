import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {join} from 'node:path'

import type {Sandbox} from '../../sandbox/sandbox.js'
import type {Shop} from '../../sandbox/shop.js'

const HEROKU = join(import.meta.dirname, '../../sandbox/node_modules/heroku/bin/run.js')

/** A command of the plugin at work, as an operator runs it. */
export interface Running {
  readonly words: string
  readonly child: ChildProcess
  said(): string
  /** Called for every line of a step, as it is printed. */
  onStep(hear: () => void): void
  readonly ended: Promise<Ended>
}

export interface Ended {
  words: string
  code: number | null
  said: string
}

/** Steps are told one a line, with the time in front. */
const STEP = /^\d\d:\d\d:\d\d {2}[…✓✗↩]/gm

/** For what a person would end with Ctrl-C, having seen enough. */
const ENOUGH = /whether what it had asked of Heroku still comes true is looked at/

/** Somebody who runs commands and does what their messages say. */
export function operatorOf(sandbox: Sandbox, shop: Shop, method: string) {
  const extra: Record<string, string[]> = {
    'rds:cutover': ['--gate', 'auto', '--method', method],
    'rds:start': ['--until-equal', '--method', method],
    'rds:status': ['--json'],
  }

  function begin(words: string): Running {
    const [command = '', ...flags] = words.split(' ')
    const confirm = command === 'rds:status' || command === 'rds:verify' ? [] : ['--confirm', shop.name]
    const more = flags.includes('--abandon') ? [] : (extra[command] ?? [])
    const args = ['--no-deprecation', '--liftoff-only', HEROKU, command, ...flags, '-a', shop.name, ...confirm, ...more]
    const child = spawn(process.execPath, args, {env: shop.env, stdio: ['ignore', 'pipe', 'pipe']})
    const hearing: (() => void)[] = []
    let [said, steps, enough] = ['', 0, false]
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
        const now = said.match(STEP)?.length ?? 0
        for (; steps < now; steps++) for (const hear of hearing) hear()
        if (!enough && ENOUGH.test(said)) {
          enough = true
          child.kill('SIGINT')
        }
      })
    const ended = once(child, 'close').then(([code]): Ended => ({words, code: code as number | null, said}))
    return {words, child, said: () => said, onStep: (hear) => void hearing.push(hear), ended}
  }

  return {
    begin,
    link: () => sandbox.link(),
    async status(): Promise<StatusSeen | undefined> {
      const {code, said} = await begin('rds:status').ended
      return code === 0 ? {...(JSON.parse(said.slice(said.indexOf('{'))) as StatusSeen), said} : undefined
    },
  }
}

export type Operator = ReturnType<typeof operatorOf>

export interface StatusSeen {
  said: string
  phase: string
  next: string
  contradictions: string[]
  source: {fence: string}
  target?: {fence: string}
}

const ACTION = /heroku (rds:(?:cutover|rollback|start --abandon|start|verify --repair|finish))\b/g

/** The commands that a text names, which change something, in its order; `same`: what it calls the same command. */
export function advisedBy(text: string, same: string): string[] {
  const flat = text.replaceAll(/\s+(›\s+)?/g, ' ')
  const again = /run the same command again|the same command continues|run it again/.test(flat) ? [same] : []
  return [...again, ...[...flat.matchAll(ACTION)].map(([, words]) => words!)]
}
