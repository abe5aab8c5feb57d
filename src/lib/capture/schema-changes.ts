import type {Queryable} from '../ports/ports.js'
import {type Shape, shapeOf} from './shape.js'
import {type CapturedTable, tablesToCapture} from './captured-table.js'

/** How a database differs from what is captured of it. */
export interface SchemaChanges {
  /** All that is there now. */
  tables: CapturedTable[]
  shape: Shape
  /** Not captured yet. */
  come: CapturedTable[]
  /** OIDs of tables that are gone. */
  gone: string[]
  /** The entries in their logs have another meaning now, or are incomplete. */
  altered: CapturedTable[]
  /** Trees to which partitions were added, or of which some were removed; the others are unchanged. */
  regrouped: CapturedTable[]
}

export async function schemaChanges(from: Queryable, before: Shape): Promise<SchemaChanges> {
  const tables = await tablesToCapture(from)
  const shape = await shapeOf(from, tables)
  const known = tables.filter(({oid}) => oid in before.units)
  const altered = known.filter(({oid}) => isAltered(before, shape, oid))
  return {
    tables,
    shape,
    come: tables.filter(({oid}) => !(oid in before.units)),
    gone: Object.keys(before.units).filter((oid) => !(oid in shape.units)),
    altered,
    regrouped: known.filter((table) => !altered.includes(table) && isRegrouped(before, table)),
  }
}

function isAltered(before: Shape, now: Shape, oid: string): boolean {
  const [was, is] = [before.units[oid]!, now.units[oid]!]
  return (
    was.key !== is.key ||
    was.relation !== is.relation ||
    Object.entries(is.members).some(([member, lines]) => member in was.members && was.members[member] !== lines)
  )
}

const isRegrouped = (before: Shape, {oid, partitions}: CapturedTable): boolean => {
  const was = before.units[oid]!.members
  return Object.keys(was).length !== partitions.length || partitions.some((partition) => !(partition.oid in was))
}
