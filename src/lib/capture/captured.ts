import {assertShape, keyLine, SCHEMA_CHANGED, type Shape, schemaChanged} from './shape.js'
import {type CapturedTable, tablesToCapture} from './captured-table.js'
import {requireNote} from '../journal/notes.js'
import {RdsError} from '../ports/errors.js'
import type {Database, Journal} from '../ports/ports.js'

/** What is captured, what it looked like when that began, and the pass through the fence of its copy. */
export interface CapturedSchema {
  tables: CapturedTable[]
  shape: Shape
  fencePass: string
}

/** Reads it, and refuses tables that came, went or have another key since. */
export async function capturedTables(migration: {journal: Journal; from: Database}): Promise<CapturedSchema> {
  const {shape} = await requireNote(migration, 'captured')
  const tables = await tablesToCapture(migration.from)
  refuseOtherTables(tables, shape)
  refuseOtherKeys(tables, shape)
  return {tables, shape, fencePass: await requireNote(migration, 'fenceKey')}
}

/** Why copying or following failed, where it is the captured schema that changed. */
export async function schemaChangeOf(migration: {journal: Journal; from: Database}): Promise<RdsError | undefined> {
  try {
    const {tables, shape} = await capturedTables(migration)
    await assertShape(migration.from, shape, tables)
  } catch (error) {
    if (error instanceof RdsError && error.code === SCHEMA_CHANGED) return error
  }
  return undefined
}

/** A table that was created, dropped or recreated since then is not captured. */
function refuseOtherTables(tables: readonly CapturedTable[], shape: Shape): void {
  const there = new Set(tables.map(({oid}) => oid))
  const come = tables.filter(({oid}) => !(oid in shape.units)).map(({name}) => `+ ${name}`)
  const gone = Object.entries(shape.units)
    .filter(([oid]) => !there.has(oid))
    .map(([, {relation}]) => `- ${relation}`)
  if (come.length + gone.length > 0) throw schemaChanged('tables were created or dropped', [...come, ...gone])
}

/** The log of a table holds the columns that were its key when it was captured. */
function refuseOtherKeys(tables: readonly CapturedTable[], shape: Shape): void {
  for (const table of tables) {
    const [before, now] = [shape.units[table.oid]!.key, keyLine(table)]
    if (before !== now) throw schemaChanged(`the key of ${table.name} has changed`, [`- ${before}`, `+ ${now}`])
  }
}

export interface Captured {
  /** The captured server's own clock when the last table had its triggers, as it prints it. */
  at: string
  /** What each captured table looked like then. */
  shape: Shape
}

declare module '../journal/notes.js' {
  interface Notes {
    captured: Captured
  }
}
