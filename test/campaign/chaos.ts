import type {FaultKind} from '../../sandbox/heroku/faults.js'
import type {PostgresServer} from '../../sandbox/postgres/server.js'
import type {Sandbox} from '../../sandbox/sandbox.js'
import type {Shop} from '../../sandbox/shop.js'
import {rememberState} from '../support/earlier-state.js'
import type {Random} from '../support/hostile-random.js'
import {breakLock} from '../stories/support.js'
import type {Running} from './operator.js'

export interface Scene {
  sandbox: Sandbox
  shop: Shop
  random: Random
  log: (what: string) => void
  /** What a colleague did, that has to be so afterwards. */
  changed: {quantities: Set<number>; vars: Map<string, string>}
  /** Puts the target back to an earlier state, while nothing was written to it by the app. */
  restore?: (() => Promise<void>) | undefined
  /** What another operator does meanwhile, to its end. */
  colleague: () => Promise<void>
}

const delay = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

/** What can happen while a command runs. */
export const CHAOS: Record<string, {weight: number; act: (scene: Scene, running: Running) => Promise<void>}> = {
  'it is killed': {
    weight: 6,
    act: ({}, {child}) => Promise.resolve(void child.kill('SIGKILL')),
  },
  'the machine sleeps while a colleague takes over': {
    weight: 4,
    async act({sandbox, shop, random, colleague}, {child}) {
      child.kill('SIGSTOP')
      await delay(random.below(300))
      await breakLock(sandbox.target, shop.target.database)
      if (random.chance(0.8)) await colleague()
      child.kill('SIGCONT')
    },
  },
  'it is interrupted': {
    weight: 1,
    act: ({}, {child}) => Promise.resolve(void child.kill('SIGINT')),
  },
  'the line to the source breaks': {
    weight: 2,
    act: ({sandbox, random}) => Promise.resolve(sandbox.distance.cut(sandbox.source, random.below(3000))),
  },
  'the line to the target breaks': {
    weight: 2,
    act: ({sandbox, random}) => Promise.resolve(sandbox.distance.cut(sandbox.target, random.below(3000))),
  },
  'the source ends all sessions of the owner': {
    weight: 1,
    act: ({sandbox, shop}) => endSessions(sandbox.source, shop.source.database),
  },
  'the target ends all sessions': {
    weight: 2,
    act: ({sandbox, shop}) => endSessions(sandbox.target, shop.target.database),
  },
  'the source restarts': {weight: 1, act: ({sandbox, random}) => restart(sandbox.source, random)},
  'the target restarts': {weight: 2, act: ({sandbox, random}) => restart(sandbox.target, random)},
  'the target is restored to an earlier state': {
    weight: 2,
    act: async ({restore}) => restore?.(),
  },
  'Heroku fails': {weight: 4, act: breakHeroku},
  'a colleague deploys': {
    weight: 1,
    act: ({shop}) => Promise.resolve(void shop.app.releases.create('Deploy 0b1c2d3e')),
  },
  'a colleague scales': {
    weight: 1,
    act({shop, changed}) {
      shop.app.formation.scale('worker', 2)
      changed.quantities.add(2)
      return Promise.resolve()
    },
  },
  'a colleague sets a config var': {
    weight: 1,
    act({shop, changed, random}) {
      const value = String(random.below(1e6))
      changed.vars.set('COLOUR', value)
      shop.app.ownVars.set('COLOUR', value)
      shop.app.releases.create('Set COLOUR config vars')
      return Promise.resolve()
    },
  },
}

export function drawChaos(random: Random): string {
  const all = Object.entries(CHAOS)
  let at = random.below(all.reduce((sum, [, {weight}]) => sum + weight, 0))
  return all.find(([, {weight}]) => (at -= weight) < 0)![0]
}

const endSessions = async (server: PostgresServer, database: string): Promise<void> => {
  await server.superuser(
    database,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()`,
  )
}

async function restart(server: PostgresServer, random: Random): Promise<void> {
  await server.halt({immediate: random.chance(0.5)})
  await delay(random.below(2000))
  await server.resume()
}

const REQUESTS = [
  ['PATCH', ''],
  ['PATCH', '/formation'],
  ['PATCH', '/config-vars'],
  ['GET', ''],
  ['GET', '/dynos'],
  ['GET', '/formation'],
  ['GET', '/releases'],
  ['GET', '/config-vars'],
] as const
const OF_ATTACHMENTS = [
  ['POST', /^\/addon-attachments$/],
  ['DELETE', /^\/addon-attachments\//],
] as const
const KINDS: readonly FaultKind[] = [429, 500, 503, 'reset-before', 'reset-after', 'timeout', 'delay', 401]

function breakHeroku({sandbox, shop, random, log}: Scene): Promise<void> {
  const [method, path] = random.chance(0.3)
    ? random.pick(OF_ATTACHMENTS)
    : random.pick(REQUESTS.map(([verb, rest]) => [verb, new RegExp(`^/apps/${shop.name}${rest}$`)] as const))
  const kind = random.pick(KINDS)
  const fault = {method, path, kind, afterEffect: random.chance(0.5), delayMs: 1000, retryAfter: 1}
  log(`${method} ${path.source}: ${kind}${fault.afterEffect ? ' after its effect' : ''}`)
  sandbox.heroku.faults.add(fault)
  return Promise.resolve()
}

/** The state of the target now, to go back to: as long as the app was not opened on it. */
export async function rememberTarget({sandbox, shop}: Pick<Scene, 'sandbox' | 'shop'>): Promise<() => Promise<void>> {
  const restore = await rememberState(sandbox.target)
  const opened = async () => {
    const [row] = await sandbox.source
      .superuser<{opened: boolean}>(shop.source.database, `select "window" ? 'opened' as opened from heroku_rds.claim`)
      .catch(() => [])
    return row?.opened ?? false
  }
  let restored = false
  return async () => {
    if (restored) return
    restored = true
    await restore(opened)
  }
}
