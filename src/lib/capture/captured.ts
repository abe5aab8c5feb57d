import {failed} from '../errors.js'
import type {Migration} from '../runbook/migration.js'
import {requireNote} from '../runbook/notes.js'
import type {Shape} from './shape.js'
import {type Unit, unitsOf} from './units.js'

/** What was captured from the beginning, and what it looked like then. */
export async function capturedUnits(
  migration: Pick<Migration, 'journal' | 'source'>,
): Promise<{units: Unit[]; shape: Shape}> {
  const {shape} = await requireNote(migration, 'captured')
  const units = await unitsOf(migration.source)
  refuseOtherTables(units, shape)
  return {units, shape}
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
