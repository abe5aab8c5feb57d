import type {Queryable} from '../ports/ports.js'
import {type Shape, shapeOf} from './shape.js'
import {type Unit, unitsOf} from './units.js'

/** How the source differs from what is captured. */
export interface SchemaChanges {
  /** All that is there now. */
  units: Unit[]
  shape: Shape
  /** Nobody captured them yet. */
  come: Unit[]
  /** OIDs of units that are no more. */
  gone: string[]
  /** What is in their logs means something else by now, or is not all. */
  altered: Unit[]
  /** Trees to which partitions came, or of which some went; what was there before is as it was. */
  regrouped: Unit[]
}

export async function schemaChanges(source: Queryable, before: Shape): Promise<SchemaChanges> {
  const units = await unitsOf(source)
  const shape = await shapeOf(source, units)
  const known = units.filter(({oid}) => oid in before.units)
  const altered = known.filter(({oid}) => isAltered(before, shape, oid))
  return {
    units,
    shape,
    come: units.filter(({oid}) => !(oid in before.units)),
    gone: Object.keys(before.units).filter((oid) => !(oid in shape.units)),
    altered,
    regrouped: known.filter((unit) => !altered.includes(unit) && isRegrouped(before, unit)),
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

const isRegrouped = (before: Shape, {oid, members}: Unit): boolean => {
  const was = before.units[oid]!.members
  return Object.keys(was).length !== members.length || members.some((member) => !(member.oid in was))
}
