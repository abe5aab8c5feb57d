import {recaptureSchema} from './recapture.js'
import {inWindow} from '../../journal/in-window.js'
import {noteOf} from '../../journal/notes.js'
import {beginFollowing} from './steps.js'
import {tryConstraints} from '../shared/constraints.js'
import {copyAllRows, shutTarget} from '../shared/copy.js'
import {BUT_DETACHED} from '../shared/objects.js'
import {failed} from '../../ports/errors.js'
import type {Migration} from '../../runbook/migration.js'
import type {Step} from '../../runbook/step.js'
import {inventoryDifferences} from '../../verify/inventory.js'

/** Until they have been done again there is no whole copy, which `rds:status` and `rds:verify` must know. */
const doneAgain = [copyAllRows('captured'), beginFollowing, tryConstraints('captured')]

/** Follows a schema change on the source; a step of `rds:start` where it is asked for. */
export const refreshSchema: Step = {
  id: 'refresh-schema',
  title: 'Refresh the schema of the copy',
  window: 'before',
  undo: 'nothing',

  /** Before anything is captured, or copied, there is nothing that a change could make wrong. */
  async done(migration) {
    return (await inWindow(migration)) || !(await noteOf(migration, 'captured')) || !(await noteOf(migration, 'copied'))
  },

  async run(migration) {
    await migration.journal.undone(doneAgain.map(({id}) => id))
    const {come, gone, altered} = await recaptureSchema(migration, () => shutTarget(migration, {subscribed: false}))
    await refuseWhatIsLeft(migration)
    const parts = [...signed('+', come), ...signed('–', gone), ...signed('~', altered)]
    return parts.length > 0 ? parts.join(', ') : 'no table was created, dropped or altered'
  },
}

const signed = (sign: string, tables: readonly string[]): string[] => tables.map((table) => `${sign} ${table}`)

async function refuseWhatIsLeft({source, target}: Migration): Promise<void> {
  const left = await inventoryDifferences({from: source, to: target}, [...BUT_DETACHED, 'with the rows'])
  if (left.length === 0) return
  throw failed(
    'schema_differs',
    `the tables were refreshed, but the schemas still differ: ${left.join('; ')}`,
    'make the target like the source with heroku rds:psql, and run heroku rds:start again',
  )
}
