import {wrongUsage} from '../ports/errors.js'
import {Secret} from '../ports/secret.js'

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
  const parts = partsOf(url)
  if (!parts) {
    throw wrongUsage(
      'bad_url',
      `${name} does not name user, host and database of a Postgres server`,
      'its form is postgres://user:password@host:5432/database, with special characters percent-encoded',
    )
  }
  return parts
}

function partsOf(url: Secret): ConnectionParts | undefined {
  try {
    const {protocol, hostname, port, pathname, username, password, searchParams} = new URL(url.reveal())
    if (!/^postgres(ql)?:$/.test(protocol) || !hostname || pathname.length < 2 || !username) return undefined
    return {
      host: hostname,
      port: Number(port || 5432),
      database: decodeURIComponent(pathname.slice(1)),
      user: decodeURIComponent(username),
      password: new Secret(decodeURIComponent(password)),
      parameters: searchParams,
    }
  } catch {
    return undefined // no URL, or a stray percent sign
  }
}

/** The URL again without parameters, every part encoded the way all drivers and the Heroku CLI read it. */
export function bareUrl({host, port, database, user, password}: ConnectionParts): Secret {
  const encoded = [user, password.reveal(), database].map((part) => encodeURIComponent(part).replaceAll("'", '%27'))
  return new Secret(`postgres://${encoded[0]}:${encoded[1]}@${host}:${port}/${encoded[2]}`)
}
