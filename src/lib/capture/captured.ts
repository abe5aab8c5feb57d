import {assertShape, keyLine, SCHEMA_CHANGED, type Shape, schemaChanged} from './shape.js'
import type {SyncWorld} from './sync.js'
import {type Unit, unitsOf} from './units.js'
import {requireNote} from '../journal/notes.js'
import {RdsError} from '../ports/errors.js'
import type {Database, Journal} from '../ports/ports.js'

/** What was captured from the beginning, what it looked like then, and how its copy is written to. */
export async function capturedUnits(migration: {
  journal: Journal
  source: Database
}): Promise<Pick<SyncWorld, 'key' | 'shape' | 'units'> & {units: Unit[]}> {
  const {shape} = await requireNote(migration, 'captured')
  const units = await unitsOf(migration.source)
  refuseOtherTables(units, shape)
  refuseOtherKeys(units, shape)
  return {units, shape, key: await requireNote(migration, 'fenceKey')}
}

/** Why copying or following failed, where it is the schema of the source that changed meanwhile. */
export async function schemaChangeOf(migration: {journal: Journal; source: Database}): Promise<RdsError | undefined> {
  try {
    const {units, shape} = await capturedUnits(migration)
    await assertShape(migration.source, shape, units)
  } catch (error) {
    if (error instanceof RdsError && error.code === SCHEMA_CHANGED) return error
  }
  return undefined
}

/** A table that came, went or was made anew since: nobody captured it. */
function refuseOtherTables(units: readonly Unit[], shape: Shape): void {
  const there = new Set(units.map(({oid}) => oid))
  const come = units.filter(({oid}) => !(oid in shape.units)).map(({relation}) => `+ ${relation}`)
  const gone = Object.entries(shape.units)
    .filter(([oid]) => !there.has(oid))
    .map(([, {relation}]) => `- ${relation}`)
  if (come.length + gone.length > 0) throw schemaChanged('tables came or went', [...come, ...gone])
}

/** The log of a table holds the columns that were its key when it was captured. */
function refuseOtherKeys(units: readonly Unit[], shape: Shape): void {
  for (const unit of units) {
    const [before, now] = [shape.units[unit.oid]!.key, keyLine(unit)]
    if (before !== now) throw schemaChanged(`the key of ${unit.relation} was changed`, [`- ${before}`, `+ ${now}`])
  }
}

export interface Captured {
  /** The source's own clock when the last table had its triggers, as it prints it. */
  at: string
  /** What each captured table looked like then. */
  shape: Shape
}

declare module '../journal/notes.js' {
  interface Notes {
    captured: Captured
  }
}
