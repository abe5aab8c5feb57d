import {isIP} from 'node:net'

import pg from 'pg'

import type {ConnectionParts} from '../postgres/connection-url.js'

/** `verified` checks the chain against these authorities and the host name; `encrypted` is what Heroku Postgres allows. */
export type Tls = {mode: 'encrypted'} | {mode: 'verified'; authorities: string[]}

/** Requests that a new connection takes: TCP, the question for TLS, its handshake (1.3), the start of the session, and two of SCRAM. */
export const TRIPS_TO_CONNECT = 6

const APPLICATION_NAME = 'heroku-plugin-rds'
const CONNECT_TIMEOUT_MS = 15_000
const SOCKET_IDLE_MS = 10_000
/**
 * Settings that no role, database or earlier freeze may change under us; text forms depend on half of them. Our sessions
 * write through a database's read-only default, and never wait long for a lock.
 */
export const SESSION = {
  default_transaction_read_only: 'off',
  default_transaction_isolation: 'read\\ committed',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  lock_timeout: '5s',
  // Questions to the catalogs look dear to the planner: compiling one takes longer than answering it.
  jit: 'off',
  row_security: 'off',
  client_encoding: 'UTF8',
  datestyle: 'ISO',
  intervalstyle: 'postgres',
  extra_float_digits: '3',
  timezone: 'UTC',
  bytea_output: 'hex',
  lc_monetary: 'C',
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  quote_all_identifiers: 'off',
  xmloption: 'content',
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '30s',
}

/** For a command that only reads. */
export const READING = {default_transaction_read_only: 'on', statement_timeout: '15s', lock_timeout: '1s'}

/**
 * A statement to be run on a new connection, and after `discard all`; it finds names by whatever path the database has set. The search path is
 * not among the settings of the connection: so the server still knows which one it would have had. Limits that only some majors have are
 * lifted where they exist.
 */
export const PREPARE = `
  select pg_catalog.set_config('search_path', 'pg_catalog', false)
  union all
  select pg_catalog.set_config(name, '0', false)
  from pg_catalog.pg_settings
  where name operator(pg_catalog.=) any (array['idle_session_timeout', 'transaction_timeout'])`

/** What `discard all` stands for, which no transaction can hold (Postgres' manual, DISCARD). */
export const DISCARD_ALL = `
  close all;
  set session authorization default;
  reset all;
  deallocate all;
  unlisten *;
  select pg_catalog.pg_advisory_unlock_all();
  discard plans;
  discard temp;
  discard sequences`

/** Values stay as the server writes them, but for booleans, 32-bit integers and JSON. */
const PARSED_TYPES = new Set([16, 21, 23, 114, 199, 1005, 1007, 1009])
export const types = {
  getTypeParser: (oid: number, format?: 'binary' | 'text') =>
    PARSED_TYPES.has(oid)
      ? (pg.types.getTypeParser(oid, format) as (value: string) => unknown)
      : (value: string) => value,
}

/** How every client of ours connects, by TCP or through a tunnel; gives up after 15 s. */
export function clientConfig(parts: ConnectionParts, tls: Tls): pg.ClientConfig {
  return {
    host: parts.host,
    port: parts.port,
    ...(parts.tunnel ? {stream: parts.tunnel.stream} : {}),
    database: parts.database,
    user: parts.user,
    password: parts.password.reveal(),
    application_name: APPLICATION_NAME,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: SOCKET_IDLE_MS,
    ssl:
      tls.mode === 'verified'
        ? {ca: tls.authorities, ...(isIP(parts.host) ? {} : {servername: parts.host})}
        : {rejectUnauthorized: false},
  }
}
