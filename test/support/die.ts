import {spawn} from 'node:child_process'
import {once} from 'node:events'

import type {Shop} from '../../sandbox/shop.js'
import type {MethodId} from '../../src/lib/ports/assessment.js'
import {nodeArguments} from './compiled.js'

interface Moment {
  method: MethodId
  after?: string
  undoing?: string
}

/** Runs a cutover in a process that is killed after the effect of a step, or after that of undoing one. */
export const cutOverAndDie = (shop: Shop, moment: Moment): Promise<void> => die(shop, 'forward', moment)

/** Runs a rollback in a process that is killed after the effect of undoing a step. */
export const rollBackAndDie = (shop: Shop, moment: Moment): Promise<void> => die(shop, 'back', moment)

async function die(shop: Shop, way: 'forward' | 'back', moment: Moment): Promise<void> {
  const child = spawn(process.execPath, nodeArguments('test/support/killed-cutover.ts'), {
    env: {
      ...shop.env,
      SHOP: shop.name,
      WAY: way,
      METHOD: moment.method,
      ...(moment.after ? {DIE_AFTER: moment.after} : {}),
      ...(moment.undoing ? {DIE_UNDOING: moment.undoing} : {}),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  if (signal !== 'SIGKILL')
    throw new Error(
      `the way ${way} should have died at ${JSON.stringify(moment)}, but ended with ${code}: ${complaint}`,
    )
}
