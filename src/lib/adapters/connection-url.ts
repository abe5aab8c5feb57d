import {wrongUsage} from '../errors.js'
import {Secret} from '../secret.js'

/** The parts of a `postgres://` URL, decoded. */
export interface ConnectionParts {
  host: string
  port: number
  database: string
  user: string
  password: Secret
  /** Query parameters, e.g. sslmode and sslrootcert. */
  parameters: URLSearchParams
}

/** Takes a URL apart; `name` is where it came from, for the one sentence that says what is wrong with it. */
export function parseConnectionUrl(url: Secret, name: string): ConnectionParts {
  let parsed: URL
  try {
    parsed = new URL(url.reveal())
  } catch {
    throw wrongUsage(
      'bad_url',
      `${name} is not a URL`,
      'its form is postgres://user:password@host:5432/database, with special characters percent-encoded',
    )
  }
  const database = decodeURIComponent(parsed.pathname.slice(1))
  if (!/^postgres(ql)?:$/.test(parsed.protocol) || !parsed.hostname || !database || !parsed.username) {
    throw wrongUsage(
      'bad_url',
      `${name} does not name user, host and database of a Postgres server`,
      'its form is postgres://user:password@host:5432/database',
    )
  }
  return {
    host: parsed.hostname,
    port: Number(parsed.port || 5432),
    database,
    user: decodeURIComponent(parsed.username),
    password: new Secret(decodeURIComponent(parsed.password)),
    parameters: parsed.searchParams,
  }
}

/** The URL again without parameters, every part encoded the way all drivers and the Heroku CLI read it. */
export function bareUrl({host, port, database, user, password}: ConnectionParts): Secret {
  const encoded = [user, password.reveal(), database].map((part) => encodeURIComponent(part).replaceAll("'", '%27'))
  return new Secret(`postgres://${encoded[0]}:${encoded[1]}@${host}:${port}/${encoded[2]}`)
}
