import {allEnded} from '../flow/all-ended.js'
import type {Database} from '../ports/ports.js'
import {everyAnswer} from '../postgres/answers.js'
import {ALL_QUOTED} from '../postgres/catalog.js'
import {INVENTORY, type Inventory, type Item, itemsThatDiffer} from './inventory.js'
import {compareLargeObjects} from './large-objects.js'
import {lateSequences, POSITIONS, type Position} from './sequences.js'

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
  const [here, there, large] = await allEnded([
    surroundingsOf(from),
    surroundingsOf(to),
    compareLargeObjects({from, to}),
  ])
  const [ours, theirs] = [here.inventory, there.inventory]
  const copies = validatedLater ? theirs.items.map(validated(ours.items)) : theirs.items
  return {
    objects: ours.items.length,
    largeObjects: large.objects,
    differences: [
      ...itemsThatDiffer({side: from.side, ...ours}, {side: to.side, ...theirs, items: copies}),
      ...lateSequences(here.positions, there.positions),
      ...large.differences,
    ],
  }
}

const surroundingsOf = (db: Database): Promise<{inventory: Inventory; positions: Position[]}> =>
  everyAnswer(db, {inventory: INVENTORY, positions: POSITIONS}, ALL_QUOTED)

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
