import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import pg from 'pg'

/** A folder for the files of one test file, and how to be rid of it. */
export function temporaryFolder(): {path: string; remove: () => void} {
  const path = mkdtempSync(join(tmpdir(), 'sandbox-test-'))
  return {path, remove: () => rmSync(path, {recursive: true, force: true})}
}

export async function connect(url: string, config: pg.ClientConfig = {}): Promise<pg.Client> {
  const tls = url.includes('sslmode=') || config.ssl !== undefined ? {} : {ssl: {rejectUnauthorized: false}}
  const client = new pg.Client({connectionString: url, ...tls, ...config})
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Rows of one statement on a connection of its own. */
export async function ask(url: string, sql: string, params?: unknown[]): Promise<Record<string, unknown>[]> {
  const client = await connect(url)
  try {
    return (await client.query<Record<string, unknown>>(sql, params)).rows
  } finally {
    await client.end()
  }
}

/** The code of the error that a promise must end in: an SQLSTATE, or node's. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return (error as {code?: string}).code ?? String(error)
  }

  throw new Error('it was not refused')
}

export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeout = 15_000,
): Promise<void> {
  for (const end = Date.now() + timeout; !(await condition()); await delay(20)) {
    if (Date.now() > end) throw new Error(`waited ${timeout} ms for ${what}`)
  }
}
