import {SHAPES} from '../copy/shapes.js'
import {ask} from '../stage.js'

/** Fills a schema of its own with tables and indexes, about as many gigabytes as asked for: the shop has tables of the same names. */
export async function addBallast(url: string, gigabytes: number): Promise<void> {
  await ask(
    url,
    'create schema ballast',
    'set search_path = ballast',
    'set synchronous_commit = off',
    ...SHAPES['shop']!(gigabytes),
    'vacuum (analyze)',
  )
}
