import {writeFileSync} from 'node:fs'
import {join} from 'node:path'

import pg from 'pg'

import type {Shop} from '../../sandbox/shop.js'
import type {Sandbox} from '../../sandbox/sandbox.js'
import {findTool, libpq, startTool} from '../client-tools.js'
import {ask} from '../stage.js'
import {type Extension, scriptOf} from './script.js'

const {escapeIdentifier: id} = pg

export interface Loaded {
  /** What the owner could not load, with its line in the script. */
  refused: string[]
  /** Statements about owners and rights, which no restore on Heroku runs. */
  skipped: number
}

/** Loads a script into the source of a shop, statement by statement, as its owner. */
export async function loadScript({source}: Sandbox, shop: Shop, text: string, folder: string): Promise<Loaded> {
  const psql = findTool('psql')
  if (!psql) throw new Error('psql is not installed: apt-get install -y postgresql-client brings it')
  const {sql, extensions, skipped} = scriptOf(text)
  const superuserUrl = source.superuserUrl(shop.source.database)
  const refused: string[] = []
  for (const extension of extensions) {
    const trouble = await makeExtension(shop.source.url, superuserUrl, extension)
    if (trouble) refused.push(`extension ${extension.name}: ${trouble}`)
  }
  const file = join(folder, 'script.sql')
  writeFileSync(file, sql)
  const args = ['--no-psqlrc', '--quiet', '--output=/dev/null', '--set=ON_ERROR_ROLLBACK=on', `--file=${file}`]
  const {stderr} = await startTool(psql, args, libpq(shop.source.url)).ended
  return {refused: [...refused, ...errorsOf(stderr)], skipped}
}

/** As the provider: where it is wanted, and where it is already there, moved. */
async function makeExtension(
  url: string,
  superuserUrl: string,
  {name, schema}: Extension,
): Promise<string | undefined> {
  try {
    if (schema && schema !== 'pg_catalog') await ask(url, `create schema if not exists ${id(schema)}`)
    const [there] = await ask<{schema: string}>(
      superuserUrl,
      `select nspname as schema from pg_extension join pg_namespace n on n.oid = extnamespace where extname = '${name}'`,
    )
    const place = schema === undefined ? '' : ` schema ${id(schema)}`
    if (!there) await ask(superuserUrl, `create extension ${id(name)}${place} cascade`)
    else if (schema && there.schema !== schema) await ask(superuserUrl, `alter extension ${id(name)} set${place}`)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const errorsOf = (stderr: string): string[] =>
  stderr.split('\n').flatMap((line) => {
    const [, number, message] = /:(\d+): (?:ERROR|FATAL): +(.*)/.exec(line) ?? []
    return message === undefined ? [] : [`line ${number}: ${message}`]
  })
