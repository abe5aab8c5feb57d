import {allEnded} from '../flow/all-ended.js'
import type {Database} from '../ports/ports.js'
import {inventory, type Item, itemsThatDiffer} from './inventory.js'
import {compareLargeObjects} from './large-objects.js'
import {lateSequences, sequencePositions} from './sequences.js'

export interface ComparedObjects {
  objects: number
  largeObjects: number
  differences: string[]
}

/**
 * Compares what two databases hold beside their rows, while neither takes writes: every object, the positions of the sequences, large
 * objects. `validatedLater`: constraints on the `to` side are enforced, and can wait for their validation after the window.
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
  const copies = validatedLater ? there.items.map(validated(here.items)) : there.items
  return {
    objects: here.items.length,
    largeObjects: large.objects,
    differences: [
      ...itemsThatDiffer({side: from.side, ...here}, {side: to.side, ...there, items: copies}),
      ...lateSequences(positions, reached),
      ...large.differences,
    ],
  }
}

/** A constraint that is enforced but not validated yet, of a table or a domain, counts as the validated one of the other side. */
function validated(here: readonly Item[]): (item: Item) => Item {
  const lines = new Set(here.map(({line}) => line))
  return (item) => {
    const whole = item.line.replace(/ not valid$/, '')
    return whole !== item.line && item.line.startsWith('constraint ') && lines.has(whole)
      ? {...item, line: whole}
      : item
  }
}
