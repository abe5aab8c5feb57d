import {allEnded} from '../flow/all-ended.js'
import type {Database} from '../ports/ports.js'
import {inventory, linesThatDiffer} from './inventory.js'
import {compareLargeObjects} from './large-objects.js'
import {lateSequences, sequencePositions} from './sequences.js'

export interface ComparedObjects {
  objects: number
  largeObjects: number
  differences: string[]
}

/**
 * Compares what two databases hold beside their rows, while neither takes writes: every object, the positions of the sequences, large
 * objects. `validatedLater`: foreign keys on the `to` side are enforced, and can wait for their validation after the window.
 */
export async function compareObjects(
  {from, to}: {from: Database; to: Database},
  {validatedLater = false} = {},
): Promise<ComparedObjects> {
  const [here, there, positions, reached, large] = await allEnded([
    inventory(from),
    inventory(to),
    sequencePositions(from),
    sequencePositions(to),
    compareLargeObjects({from, to}),
  ])
  return {
    objects: here.length,
    largeObjects: large.objects,
    differences: [
      ...linesThatDiffer(
        {side: from.side, lines: here},
        {side: to.side, lines: validatedLater ? there.map(validated(here)) : there},
      ),
      ...lateSequences(positions, reached),
      ...large.differences,
    ],
  }
}

/** A foreign key or check that is enforced but not validated yet counts as the validated one of the other side. */
const validated =
  (here: readonly string[]) =>
  (line: string): string => {
    const whole = line.replace(/ not valid$/, '')
    return line !== whole && line.startsWith('constraint ') && here.includes(whole) ? whole : line
  }
