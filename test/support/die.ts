import {spawn} from 'node:child_process'
import {once} from 'node:events'

import type {Shop} from '../../sandbox/shop.js'
import {until} from '../../sandbox/until.js'
import type {MethodId} from '../../src/lib/ports/assessment.js'
import {nodeArguments} from './compiled.js'

function start(shop: Shop, way: 'forward' | 'back', moment: Moment) {
  return spawn(process.execPath, nodeArguments('test/support/killed-cutover.ts'), {
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
}

interface Moment {
  method: MethodId
  after?: string
  undoing?: string
}

/** Runs a cutover in a process that is killed after the effect of a step, or after that of undoing one. */
export const cutOverAndDie = (shop: Shop, moment: Moment): Promise<void> => die(shop, 'forward', moment)

/** Runs a rollback in a process that is killed after the effect of undoing a step. */
export const rollBackAndDie = (shop: Shop, moment: Moment): Promise<void> => die(shop, 'back', moment)

/** Runs a cutover or rollback in a process that is killed as soon as something is seen of it. */
export async function dieWhen(
  shop: Shop,
  way: 'forward' | 'back',
  method: MethodId,
  seen: () => boolean,
): Promise<void> {
  const child = start(shop, way, {method})
  const ended = once(child, 'close')
  await until(`the way ${way} to come so far`, 60, () => Promise.resolve(seen() || child.exitCode !== null))
  child.kill('SIGKILL')
  const [code] = (await ended) as [number | null]
  if (code !== null) throw new Error(`the way ${way} ended with ${code} before it came so far`)
}

async function die(shop: Shop, way: 'forward' | 'back', moment: Moment): Promise<void> {
  const child = start(shop, way, moment)
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  if (signal !== 'SIGKILL')
    throw new Error(
      `the way ${way} should have died at ${JSON.stringify(moment)}, but ended with ${code}: ${complaint}`,
    )
}
