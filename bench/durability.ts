import type {Settings} from '../sandbox/postgres/configuration.js'
import type {PostgresServer} from '../sandbox/postgres/server.js'

/** Commits wait for the disk, as on Heroku and RDS: the sandbox's servers do so only where they are told to. */
export const DURABLE = {fsync: true, full_page_writes: true} satisfies Settings

/** As the servers themselves say. */
export async function durabilityOf(servers: readonly PostgresServer[]): Promise<string> {
  const told = await Promise.all(servers.map(settingsOf))
  return [...new Set(told)].join('; ')
}

async function settingsOf(server: PostgresServer): Promise<string> {
  const rows = await server.superuser<{line: string}>(
    'postgres',
    `select name || ' = ' || setting as line from pg_settings where name = any ($1) order by name`,
    [Object.keys(DURABLE)],
  )
  return rows.map(({line}) => line).join(', ')
}

/** For servers that run already. */
export async function makeDurable(servers: readonly PostgresServer[]): Promise<string> {
  await Promise.all(servers.map((server) => server.configure(DURABLE)))
  return durabilityOf(servers)
}
