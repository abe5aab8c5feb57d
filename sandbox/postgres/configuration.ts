import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {ServerTls} from './certificates.js'
import {giveToServerUser} from './server-user.js'
import {settingsFile} from './template.js'

export type Settings = Record<string, string | number | boolean>

/** Nothing here outlives the machine's power, so nothing waits for the disk. */
const defaults: Settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 200,
  wal_level: 'replica',
  shared_preload_libraries: 'pg_stat_statements',
  fsync: false,
  full_page_writes: false,
  ssl: true,
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_connections: false,
  log_line_prefix: '%m [%p] %q%u@%d ',
  jit: false,
}

/** Writes the server's settings; those given win over the sandbox's defaults. */
export function writeSettings(dataDir: string, tls: ServerTls, port: number, settings: Settings): void {
  const all = {...defaults, ssl_cert_file: tls.certificateFile, ssl_key_file: tls.keyFile, ...settings, port}
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${literal(value)}\n`)
  writeServerFile(join(dataDir, settingsFile), lines.join(''))
}

/** Writes pg_hba.conf: passwords for everybody, and TLS for everybody where it is required. */
export function writeAccessRules(dataDir: string, requireTls: boolean): void {
  writeServerFile(
    join(dataDir, 'pg_hba.conf'),
    `${requireTls ? 'hostssl' : 'host'} all all 127.0.0.1/32 scram-sha-256\n`,
  )
}

function literal(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return `'${String(value).replaceAll("'", "''")}'`
}

function writeServerFile(path: string, text: string): void {
  writeFileSync(path, text, {mode: 0o600})
  giveToServerUser(path)
}
