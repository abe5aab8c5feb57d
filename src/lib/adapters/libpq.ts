import type {ConnectionParts} from '../postgres/connection-url.js'

/** The environment of a libpq client that is to reach a database: no credential ever stands on a command line. */
export const libpqEnvironment = (parts: ConnectionParts, settings: Record<string, string>): NodeJS.ProcessEnv => ({
  ...process.env,
  PGHOST: parts.host,
  PGPORT: String(parts.port),
  PGDATABASE: parts.database,
  PGUSER: parts.user,
  PGPASSWORD: parts.password.reveal(),
  ...settings,
})
