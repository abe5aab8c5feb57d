import {failed} from '../../errors.js'
import type {Queryable} from '../../ports.js'
import {compareContents} from '../../verify/contents.js'
import {inventory, inventoryDifferences} from '../../verify/inventory.js'
import {lateSequences, sequencePositions} from '../../verify/sequences.js'
import {never, type Step} from '../step.js'

const SHOWN = 10

/** Proves source and target equal while neither takes writes: every object, every row, every sequence. */
export const verify: Step = {
  id: 'verify',
  title: 'Verify that source and target are equal',
  window: 'inside',
  undo: 'nothing',
  done: never,

  async run({source, target, signal}) {
    const objects = await inventory(source)
    await refuseLargeObjects(source)
    const contents = await compareContents({source, target}, signal)
    const differences = [
      ...inventoryDifferences(objects, await inventory(target)),
      ...lateSequences(await sequencePositions(source), await sequencePositions(target)),
      ...contents.differences,
    ]
    if (differences.length > 0) {
      const more = differences.length > SHOWN ? ` – and ${differences.length - SHOWN} more` : ''
      throw failed('not_equal', `source and target differ: ${differences.slice(0, SHOWN).join('; ')}${more}`)
    }
    return `${contents.rows.toLocaleString('en')} rows in ${contents.tables} tables and ${objects.length} objects are equal`
  },
}

/** Assessed beforehand; but one may have been created since. */
async function refuseLargeObjects(source: Queryable): Promise<void> {
  const [row] = await source.query<{count: string}>('select count(*)::text as count from pg_largeobject_metadata')
  if (row!.count !== '0') throw failed('large_objects', `large objects (${row!.count}) would be left behind`)
}
