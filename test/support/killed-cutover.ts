// Run as a process of its own: a cutover or rollback that dies, without any warning, right after the effect of one step.
import './environment.js'

import {APIClient} from '@heroku-cli/command'
import {Config} from '@oclif/core'

import {withMigration} from '../../src/lib/open/migration.js'
import {runbookFor} from '../../src/lib/playbook.js'
import {rollback, undoneByWindow} from '../../src/lib/runbook/rollback.js'
import {run} from '../../src/lib/runbook/run.js'
import type {Step} from '../../src/lib/runbook/step.js'

const {
  SHOP: app = '',
  WAY: way = 'forward',
  METHOD: method,
  DIE_AFTER: dieAfter,
  DIE_UNDOING: dieUndoing,
  HOME: dataDir = '',
  RDS_CA_FILE: caFile = '',
} = process.env
const forever = () => new Promise<never>(() => undefined)

const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL')
  return forever()
}

const deadly = (step: Step): Step => {
  const {undo} = step
  return {
    ...step,
    run: async (migration) => (await step.run(migration), step.id === dieAfter ? die() : 'done'),
    undo:
      typeof undo === 'function'
        ? async (migration) => (await undo(migration), step.id === dieUndoing ? die() : undefined)
        : undo,
  }
}

await withMigration(
  {
    api: new APIClient(await Config.load(import.meta.dirname)),
    dataDir,
    app,
    caFile,
    method,
    lateSeconds: 0,
    settings: {gate: 'ask', keep: []},
    operator: {
      tell: () => undefined,
      step: () => undefined,
      copying: () => undefined,
      following: () => undefined,
      verifying: () => undefined,
      decideGate: () => Promise.resolve(dieUndoing === undefined),
    },
    command: 'a test that dies',
    signal: new AbortController().signal,
  },
  async (migration) => {
    const steps = runbookFor(migration.method).map(deadly)
    await (way === 'back' ? rollback(undoneByWindow(steps, migration), migration) : run(steps, migration))
  },
)
