import {accessSync, constants, mkdirSync, writeFileSync} from 'node:fs'
import {delimiter, join} from 'node:path'

const TOOLS = ['pg_dump', 'psql']

/**
 * A PATH on which those client tools of Postgres that this machine has go by the routes, too: libpq is told an address beside the name of
 * the host, and verifies certificates by the name. One whose connection the environment does not name goes the straight way.
 */
export function makeClientTools(home: string, routes: Readonly<Record<string, number>>): string {
  const path = process.env['PATH'] ?? ''
  const folder = join(home, 'client-tools')
  mkdirSync(folder, {recursive: true})
  for (const tool of TOOLS) {
    const real = path
      .split(delimiter)
      .map((place) => join(place, tool))
      .find((file) => file !== join(folder, tool) && isExecutable(file))
    if (real) writeFileSync(join(folder, tool), script(real, routes), {mode: 0o755})
  }
  return path.startsWith(`${folder}${delimiter}`) ? path : `${folder}${delimiter}${path}`
}

const script = (real: string, routes: Readonly<Record<string, number>>): string => `#!/bin/sh
case "$PGHOST:$PGPORT" in
${Object.entries(routes)
  .map(([address, port]) => `  ${address}) export PGHOSTADDR=127.0.0.1 PGPORT=${port} ;;`)
  .join('\n')}
esac
exec "${real}" "$@"
`

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
