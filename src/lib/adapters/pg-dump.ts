import {execFile} from 'node:child_process'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'

import {OWN_SCHEMA} from '../postgres/catalog.js'
import {failed, messageOf} from '../ports/errors.js'
import type {SchemaDump} from '../ports/ports.js'
import type {ConnectionParts} from '../postgres/connection-url.js'
import {libpqEnvironment} from './libpq.js'
import {DUMP_OPTIONS, wasmPgDump} from './pg-dump-wasm.js'
import type {Tls} from './client-settings.js'

const run = promisify(execFile)
const SECTIONS = {objects: 'pre-data', constraints: 'post-data'} as const
const LARGEST_SCRIPT = 512 * 1024 * 1024

const ARGUMENTS = [
  '--encoding=UTF8',
  '--quote-all-identifiers',
  '--no-owner',
  '--no-acl',
  '--no-publications',
  '--no-subscriptions',
  '--no-tablespaces',
  '--no-blobs',
  '--exclude-schema=_heroku',
  `--exclude-schema=${OWN_SCHEMA}`,
]

/**
 * pg_dump refuses servers newer than itself: the one on PATH where it is new enough, else the one we bring. That one is also used through
 * a tunnel, which leads nowhere but into this process.
 */
export async function schemaDumpOf(
  parts: ConnectionParts,
  tls: Tls,
  sourceMajor: number,
  allowNative = true,
): Promise<SchemaDump> {
  const native = allowNative && !parts.tunnel ? await nativeVersion() : undefined
  if (native && native.major >= sourceMajor) {
    return {
      tool: `pg_dump ${native.version}`,
      section: once((section) => runNative([...ARGUMENTS, `--section=${SECTIONS[section]}`], parts)),
    }
  }
  return {
    tool: 'pg_dump 18 (WebAssembly)',
    section: once((section) => wasmPgDump([...ARGUMENTS, `--section=${SECTIONS[section]}`], parts, tls)),
  }
}

type Section = keyof typeof SECTIONS

/** A process dumps each section once: in the window half a second counts, and a schema that changed since is found by the verification. */
function once(dump: (section: Section) => Promise<string>): (section: Section) => Promise<string> {
  const dumped = new Map<Section, Promise<string>>()
  return (section) => {
    const known = dumped.get(section) ?? outOfDeadlocks(() => dump(section))
    dumped.set(section, known)
    known.catch(() => dumped.delete(section))
    return known
  }
}

const MOST_TRIES = 5

/** It locks all tables, in an order that may not be the app's. pg_dump tells no SQLSTATE: the server's words stand for it. */
async function outOfDeadlocks(dump: () => Promise<string>): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      return await dump()
    } catch (error) {
      if (tries === MOST_TRIES || !messageOf(error).includes('deadlock detected')) throw error
    }
  }
}

async function nativeVersion(): Promise<{version: string; major: number} | undefined> {
  try {
    const {stdout} = await run('pg_dump', ['--version'])
    const version = /(\d+)[\d.]*/.exec(stdout)
    return version ? {version: version[0], major: Number(version[1])} : undefined
  } catch {
    return undefined
  }
}

async function runNative(args: string[], parts: ConnectionParts): Promise<string> {
  const env = libpqEnvironment(parts, {
    PGSSLMODE: 'require',
    // A root certificate, were there one on this machine, would make libpq verify what Heroku's certificates cannot stand.
    PGSSLROOTCERT: join(tmpdir(), 'heroku-rds-no-such-certificate'),
    PGOPTIONS: DUMP_OPTIONS,
    PGCLIENTENCODING: 'UTF8',
  })
  try {
    const {stdout} = await run('pg_dump', args, {env, maxBuffer: LARGEST_SCRIPT})
    return stdout
  } catch (error) {
    throw failed(
      'pg_dump_failed',
      `pg_dump failed: ${(error as {stderr?: string}).stderr?.trim() ?? 'no reason given'}`,
    )
  }
}
