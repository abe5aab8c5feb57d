import {failed} from '../errors.js'
import type {Migration} from '../runbook/migration.js'
import {requireNote} from '../runbook/notes.js'
import type {Shape} from './shape.js'
import type {SyncWorld} from './sync.js'
import {type Unit, unitsOf} from './units.js'

/** What was captured from the beginning, what it looked like then, and how its copy is written to. */
export async function capturedUnits(
  migration: Pick<Migration, 'journal' | 'source'>,
): Promise<Pick<SyncWorld, 'key' | 'shape' | 'units'> & {units: Unit[]}> {
  const {shape} = await requireNote(migration, 'captured')
  const units = await unitsOf(migration.source)
  refuseOtherTables(units, shape)
  return {units, shape, key: await requireNote(migration, 'fenceKey')}
}

/** A table that came, went or was made anew since: nobody captured it. */
function refuseOtherTables(units: readonly Unit[], shape: Shape): void {
  const there = new Set(units.map(({oid}) => oid))
  const come = units.filter(({oid}) => !(oid in shape)).map(({relation}) => `+ ${relation}`)
  const gone = Object.entries(shape)
    .filter(([oid]) => !there.has(oid))
    .map(([, lines]) => `- ${lines.split('\n')[0]}`)
  if (come.length + gone.length === 0) return
  throw failed(
    'schema_changed',
    `tables came or went on the source since it is captured: ${[...come, ...gone].join(', ')}`,
    'undo that change, or give this migration up with heroku rds:start --abandon and start again',
  )
}
