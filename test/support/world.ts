import {APIClient} from '@heroku-cli/command'
import {Config} from '@oclif/core'

import {type Sandbox, type SandboxOptions, startSandbox} from '../../sandbox/sandbox.js'
import type {Shop} from '../../sandbox/shop.js'
import {usualDistance} from './distance.js'
import {expectExplained, expectReadable} from './readable.js'
import {withMigration} from '../../src/lib/open/migration.js'
import {preparationFor, runbookFor} from '../../src/lib/playbook.js'
import type {MethodId} from '../../src/lib/ports/assessment.js'
import type {GateEvidence, StepEvent} from '../../src/lib/ports/ports.js'
import type {OpenMigration} from '../../src/lib/open/migration.js'
import type {Settings} from '../../src/lib/runbook/migration.js'
import {rollback, undoneByWindow} from '../../src/lib/runbook/rollback.js'
import {run} from '../../src/lib/runbook/run.js'
import type {Step} from '../../src/lib/runbook/step.js'

/** A shop at its own pace takes half a processor; at this one it still writes many times a second. */
const CALM_MS = 150

/** At its own pace all the same, for tests of a race with its writes. */
export const BUSY: SandboxOptions = {pauseMs: undefined}

/**
 * One sandbox for a test file, with this process living in it: the CLI's client talks to nothing else. What `operate` does goes
 * the sandbox's distance. The shops that a test opened are closed after it.
 */
export function useSandbox(options: SandboxOptions = {}): {readonly sandbox: Sandbox} {
  const world = {} as {sandbox: Sandbox}
  let openedBefore = 0
  before('start the sandbox', async () => {
    world.sandbox = readable(await startSandbox({pauseMs: CALM_MS, distance: usualDistance(), ...options}))
    const {NODE_OPTIONS, ...env} = world.sandbox.env
    Object.assign(process.env, env)
  })
  beforeEach(() => {
    openedBefore = world.sandbox.shops.length
  })
  afterEach('close the shops', async () => {
    await Promise.all(world.sandbox.shops.slice(openedBefore).map((shop) => shop.close()))
  })
  after('stop the sandbox', async () => {
    await world.sandbox.stop()
  })
  return world
}

/** Whatever a command prints in a test has to be understood. */
function readable(sandbox: Sandbox): Sandbox {
  const cli = sandbox.cli.bind(sandbox)
  return Object.assign(sandbox, {
    async cli(...given: Parameters<Sandbox['cli']>) {
      const result = await cli(...given)
      expectReadable(`${result.stdout}\n${result.stderr}`)
      return result
    },
  })
}

export interface Operating {
  method?: MethodId
  settings?: Partial<Settings>
  /** Changes the runbook, to fail or to look at the world in the middle of it. */
  alter?: (step: Step) => Step
  decide?: (evidence: GateEvidence) => Promise<boolean>
  signal?: AbortSignal
  /** For how long what a killed run had asked of Heroku may still come true: nothing, in most tests. */
  lateSeconds?: number
}

/** What the operator was shown. */
export interface Shown {
  events: StepEvent[]
  lines: string[]
}

/** Opens the migration of a shop as the commands do, in this process. */
export async function operate<T>(
  shop: Shop,
  work: (migration: OpenMigration, steps: readonly Step[]) => Promise<T>,
  {
    method,
    settings = {},
    alter = (step) => step,
    decide = () => Promise.resolve(true),
    signal,
    lateSeconds = 0,
  }: Operating = {},
): Promise<T> {
  process.env['RDS_DATABASE_URL'] = shop.target.url
  const config = await Config.load(import.meta.dirname)
  const shown: Shown = {events: [], lines: []}
  const operating = shop.distance.cross(() =>
    withMigration(
      {
        api: new APIClient(config),
        dataDir: shop.env['HOME']!,
        app: shop.name,
        caFile: shop.env['RDS_CA_FILE']!,
        method,
        lateSeconds,
        settings: {gate: 'auto', keep: [], ...settings},
        operator: {
          tell: (line) => shown.lines.push(line),
          step: (event) => shown.events.push(event),
          copying: () => undefined,
          following: () => undefined,
          verifying: () => undefined,
          decideGate: decide,
        },
        command: 'a test',
        signal: signal ?? new AbortController().signal,
      },
      (migration) => work(migration, runbookFor(migration.method).map(alter)),
    ),
  )
  try {
    return await operating
  } catch (error) {
    expectExplained(error)
    throw error
  } finally {
    expectReadable([...shown.lines, ...shown.events.map((event) => JSON.stringify(event))].join('\n'))
  }
}

export const cutOver = (shop: Shop, operating?: Operating): Promise<void> =>
  operate(shop, (migration, steps) => run(steps, migration), operating)

export const rollBack = (shop: Shop, operating?: Operating): Promise<string[]> =>
  operate(shop, (migration, steps) => rollback(undoneByWindow(steps, migration), migration), operating)

/** What `rds:start` does before it follows. */
export const prepare = (shop: Shop, operating: Operating = {}): Promise<void> =>
  operate(
    shop,
    (migration) => run(preparationFor(migration.method).map(operating.alter ?? ((step) => step)), migration),
    {
      method: 'change-capture',
      ...operating,
    },
  )
