import type {ServerTls} from './certificates.js'

/** A connection URL as a provider hands it out: everything percent-encoded that a password may hold. */
export function databaseUrl(
  server: {host: string; port: number},
  {user, password, database}: {user: string; password: string; database: string},
): string {
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`
  return `postgres://${login}@${server.host}:${server.port}/${encodeURIComponent(database)}`
}

/** The same, to be verified against the CA of the server. */
export function verifiedUrl(
  server: {host: string; port: number; tls: ServerTls},
  login: {user: string; password: string; database: string},
): string {
  return `${databaseUrl(server, login)}?sslmode=verify-full&sslrootcert=${encodeURIComponent(server.tls.caFile)}`
}
