import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {join} from 'node:path'

import type {Shop} from '../../sandbox/shop.js'

/** Runs a cutover in a process that is killed after the effect of a step, or after that of undoing one. */
export async function cutOverAndDie(shop: Shop, moment: {after?: string; undoing?: string}): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx-loader', join(import.meta.dirname, 'killed-cutover.ts')], {
    env: {
      ...shop.env,
      SHOP: shop.name,
      ...(moment.after ? {DIE_AFTER: moment.after} : {}),
      ...(moment.undoing ? {DIE_UNDOING: moment.undoing} : {}),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  if (signal !== 'SIGKILL')
    throw new Error(`the cutover should have died at ${JSON.stringify(moment)}, but ended with ${code}: ${complaint}`)
}
