import {failed} from '../../errors.js'
import {compareFrozen} from '../../verify/frozen.js'
import {compareLargeObjects} from '../../verify/large-objects.js'
import {inventory, inventoryDifferences} from '../../verify/inventory.js'
import {describeDifferences} from '../../verify/locate.js'
import {lateSequences, sequencePositions} from '../../verify/sequences.js'
import {never, type Step} from '../step.js'

const SHOWN = 10

/** Proves source and target equal while neither takes writes: every object, every row, every sequence. */
export const verifyAll: Step = {
  id: 'verify',
  title: 'Verify that source and target are equal',
  window: 'inside',
  undo: 'nothing',
  done: never,

  async run(migration) {
    const {source, target} = migration
    const objects = await inventory(source)
    const large = await compareLargeObjects({source, target})
    const contents = await compareFrozen(migration)
    refuseDifferences([
      ...inventoryDifferences(objects, await inventory(target)),
      ...lateSequences(await sequencePositions(source), await sequencePositions(target)),
      ...describeDifferences(contents.differences, SHOWN),
      ...large.differences,
    ])
    const beside = large.objects > 0 ? `, ${large.objects} large objects` : ''
    return `${contents.rows.toLocaleString('en')} rows in ${contents.tables} tables${beside} and ${objects.length} objects are equal`
  },
}

export function refuseDifferences(differences: readonly string[]): void {
  if (differences.length === 0) return
  const more = differences.length > SHOWN ? ` – and ${differences.length - SHOWN} more` : ''
  throw failed('not_equal', `source and target differ: ${differences.slice(0, SHOWN).join('; ')}${more}`)
}
