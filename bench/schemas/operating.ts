import {APIClient} from '@heroku-cli/command'
import {Config} from '@oclif/core'

import type {Shop} from '../../sandbox/shop.js'
import {abandon} from '../../src/lib/actions/abandon.js'
import {cutOver} from '../../src/lib/actions/cutover.js'
import {prepareToFollow} from '../../src/lib/actions/prepare.js'
import {rollBack} from '../../src/lib/actions/rollback.js'
import {verifyNow} from '../../src/lib/actions/verify.js'
import {assess} from '../../src/lib/assessment/assess.js'
import {USUAL_PACE} from '../../src/lib/flow/pace.js'
import {besideOperator, type OpenMigration, withMigration} from '../../src/lib/open/migration.js'
import {withWorld} from '../../src/lib/open/world.js'
import type {Assessment} from '../../src/lib/ports/assessment.js'
import {forward} from '../../src/lib/runbook/migration.js'
import {never, silent} from '../migration.js'

export const METHOD = 'change-capture'

/** The commands, in this process, with this process living in the shop's sandbox. */
export interface Commands {
  assess(): Promise<Assessment>
  /** `rds:start`, which goes on for so many seconds once it follows; returns how many it took until then. */
  start(followed: number): Promise<number>
  /** `rds:verify`: what differs, and what was not compared. */
  verify(): Promise<string[]>
  cutover(): Promise<void>
  rollback(): Promise<void>
  abandon(): Promise<void>
}

export async function commandsOf(shop: Shop): Promise<Commands> {
  process.env['RDS_DATABASE_URL'] = shop.target.url
  const config = await Config.load(import.meta.dirname)
  const options = (signal = never) => ({
    api: new APIClient(config),
    dataDir: shop.env['HOME']!,
    app: shop.name,
    caFile: shop.env['RDS_CA_FILE']!,
    operator: silent(),
    signal,
  })
  const operate = <T>(work: (migration: OpenMigration) => Promise<T>, signal = never): Promise<T> =>
    withMigration(
      {...options(signal), method: METHOD, settings: {gate: 'auto', keep: []}, command: 'bench:schemas'},
      work,
    )
  return {
    assess: () => withWorld({...options(), reading: true}, (world) => assess(world)),
    async start(followed) {
      const stop = new AbortController()
      const begun = performance.now()
      let taken: number | undefined
      try {
        await operate(async (migration) => {
          const follow = await prepareToFollow(migration, {refreshSchema: false})
          taken = (performance.now() - begun) / 1000
          setTimeout(() => stop.abort(), followed * 1000)
          await follow.keepInStep(migration, USUAL_PACE)
        }, stop.signal)
      } catch (error) {
        if (!stop.signal.aborted || error !== stop.signal.reason) throw error
      }
      return taken!
    },
    async verify() {
      const {differences, moved} = await besideOperator(options(), (migration) => verifyNow(forward(migration)))
      return [...differences.map((difference) => JSON.stringify(difference)), ...moved.map((table) => `${table} moved`)]
    },
    cutover: () => operate(async (migration) => void (await cutOver(migration))),
    rollback: () => operate(async (migration) => void (await rollBack(migration))),
    abandon: () => operate(async (migration) => void (await abandon(migration))),
  }
}
