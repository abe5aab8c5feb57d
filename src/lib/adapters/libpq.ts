import type {ConnectionParts} from '../postgres/connection-url.js'

/**
 * The environment of a libpq client that is to reach a database: no credential ever stands on a command line, and nothing that the
 * operator's shell says of another connection (PGCLIENTENCODING, PGOPTIONS, PGSERVICE …) is taken along.
 */
export const libpqEnvironment = (parts: ConnectionParts, settings: Record<string, string>): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG'))),
  PGHOST: parts.host,
  PGPORT: String(parts.port),
  PGDATABASE: parts.database,
  PGUSER: parts.user,
  PGPASSWORD: parts.password.reveal(),
  ...settings,
})
