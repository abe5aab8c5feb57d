import {allEnded} from '../flow/all-ended.js'
import type {Database} from '../ports/ports.js'
import {inventory, inventoryDifferences} from './inventory.js'
import {compareLargeObjects} from './large-objects.js'
import {lateSequences, sequencePositions} from './sequences.js'

export interface Surroundings {
  objects: number
  largeObjects: number
  differences: string[]
}

/**
 * Compares all that surrounds the rows of two databases that take no writes: every object, where the sequences stand, large
 * objects. `validatedLater`: foreign keys of the target are enforced, and may wait for their validation after the window.
 */
export async function compareSurroundings(
  {source, target}: {source: Database; target: Database},
  {validatedLater = false} = {},
): Promise<Surroundings> {
  const [here, there, positionsHere, positionsThere, large] = await allEnded([
    inventory(source),
    inventory(target),
    sequencePositions(source),
    sequencePositions(target),
    compareLargeObjects({source, target}),
  ])
  return {
    objects: here.length,
    largeObjects: large.objects,
    differences: [
      ...inventoryDifferences(here, validatedLater ? there.map(validated(here)) : there),
      ...lateSequences(positionsHere, positionsThere),
      ...large.differences,
    ],
  }
}

/** A foreign key that is enforced but waits for its validation stands for the one of the source. */
const validated =
  (source: readonly string[]) =>
  (line: string): string => {
    const whole = line.replace(/ f not valid$/, ' f')
    return line !== whole && line.startsWith('constraint ') && source.includes(whole) ? whole : line
  }
