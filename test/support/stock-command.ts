import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {join} from 'node:path'

import type {Sandbox} from '../../sandbox/sandbox.js'
import type {Shop} from '../../sandbox/shop.js'

const HEROKU = join(import.meta.dirname, '../../sandbox/node_modules/heroku/bin/run.js')

/** The stock command at work: it can be listened to, and sent signals. */
export async function startStockCommand(sandbox: Sandbox, shop: Shop, command: string) {
  await sandbox.link()
  const args = ['--no-deprecation', '--liftoff-only', HEROKU, command, '--app', shop.name, '--confirm', shop.name]
  const child: ChildProcess = spawn(process.execPath, args, {env: shop.env, stdio: ['ignore', 'pipe', 'pipe']})
  let said = ''
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const closed = once(child, 'close') as Promise<[number | null]>
  return {
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    /** All of both its outputs so far. */
    said: () => said,
    /** How it ended. */
    exitCode: closed.then(([code]) => code),
  }
}
