import {allEnded} from '../../flow/all-ended.js'
import {failed} from '../../ports/errors.js'
import {compareFrozen} from '../../verify/frozen.js'
import {describeDifferences} from '../../verify/locate.js'
import {compareObjects} from '../../verify/objects.js'
import {forward, type Migration} from '../migration.js'
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
    return everythingEqual(migration)
  },
}

/** Every row of every table, and all that surrounds them. */
export async function everythingEqual(migration: Migration, options?: {validatedLater: true}): Promise<string> {
  const [surroundings, contents] = await allEnded([
    compareObjects(forward(migration), options),
    compareFrozen(forward(migration)),
  ])
  const {objects, largeObjects, differences} = surroundings
  refuseDifferences([...differences, ...describeDifferences(contents.differences, SHOWN)])
  const beside = largeObjects > 0 ? `, ${largeObjects} large objects` : ''
  return `${contents.rows.toLocaleString('en')} rows in ${contents.tables} tables${beside} and ${objects} objects are equal`
}

export function refuseDifferences(differences: readonly string[], ...suggestions: string[]): void {
  if (differences.length === 0) return
  const more = differences.length > SHOWN ? ` – and ${differences.length - SHOWN} more` : ''
  throw failed(
    'not_equal',
    `source and target differ: ${differences.slice(0, SHOWN).join('; ')}${more}`,
    ...suggestions,
  )
}
