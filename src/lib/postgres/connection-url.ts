import type {Duplex} from 'node:stream'

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
  /** For a server that this machine cannot reach by itself. */
  tunnel?: Tunnel
}

/** A way to a server: a stream for each connection, which is told to connect as a socket is. */
export interface Tunnel {
  stream: () => Duplex
}

/** Takes a URL apart; `name` is where it came from, for the one sentence that says what is wrong with it. */
export function parseConnectionUrl(url: Secret, name: string): ConnectionParts {
  const parts = connectionPartsOf(url)
  if (!parts) {
    throw wrongUsage(
      'bad_url',
      `${name} does not name user, host and database of a Postgres server`,
      'its form is postgres://user:password@host:5432/database, with special characters percent-encoded',
      `none of ${LEADS_ELSEWHERE.join(', ')} may stand among its parameters`,
    )
  }
  return parts
}

/** The same, or undefined where it is no such URL. */
export function connectionPartsOf(url: Secret): ConnectionParts | undefined {
  try {
    const {protocol, hostname, port, pathname, username, password, search} = new URL(url.reveal())
    if (!/^postgres(ql)?:$/.test(protocol) || !hostname || pathname.length < 2 || !username) return undefined
    const parameters = parametersIn(search.slice(1))
    if (LEADS_ELSEWHERE.some((name) => parameters.has(name))) return undefined
    return {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(port || 5432),
      database: decodeURIComponent(pathname.slice(1)),
      user: decodeURIComponent(username),
      password: new Secret(decodeURIComponent(password)),
      parameters,
    }
  } catch {
    return undefined // no URL, or a stray percent sign
  }
}

/** Parameters that lead a driver to another server, database or role than the URL itself names. */
const LEADS_ELSEWHERE = ['host', 'hostaddr', 'port', 'dbname', 'database', 'user', 'password', 'passfile', 'service']

/** As libpq reads them: a plus sign is one. */
function parametersIn(query: string): URLSearchParams {
  const pairs = query.split('&').filter((pair) => pair !== '')
  return new URLSearchParams(
    pairs.map((pair): [string, string] => {
      const [name = '', ...value] = pair.split('=')
      return [decodeURIComponent(name), decodeURIComponent(value.join('='))]
    }),
  )
}

/**
 * The URL for an app, every part encoded the way all drivers and the Heroku CLI read it: with the parameters that it has, but for
 * those of TLS, which the caller decides.
 */
export function bareUrl({host, port, database, user, password, parameters}: ConnectionParts): Secret {
  const [name, secret, place] = [user, password.reveal(), database].map(encoded)
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return withParameters(new Secret(`postgres://${name}:${secret}@${address}/${place}`), ownParameters(parameters))
}

/** How a connection is verified, by the names that drivers give it: `ssl`, `sslmode`, `sslrootcert`, `sslaccept` … */
const ofTls = (name: string): boolean => /^ssl/i.test(name)

/** Parameters of a URL that are no matter of TLS, in their order. */
export const ownParameters = (parameters: URLSearchParams): [name: string, value: string][] =>
  [...parameters].filter(([name]) => !ofTls(name))

/**
 * The URL with further parameters; of a name that both have, the URL's own stays. libpq reads no `+` as a space, so all of it is
 * percent-encoded.
 */
export function withParameters(url: Secret, parameters: readonly (readonly [name: string, value: string])[]): Secret {
  const text = url.reveal()
  const there = connectionPartsOf(url)?.parameters
  const added = parameters.filter(([name]) => !there?.has(name)).map(([name, value]) => `${name}=${encoded(value)}`)
  if (added.length === 0) return url
  return new Secret(`${text}${text.includes('?') ? '&' : '?'}${added.join('&')}`)
}

/** The URL, whose sessions begin with one more setting (`-c name=value`) beside those that it has. */
export function withOption(url: Secret, setting: string): Secret {
  const [base, query = ''] = url.reveal().split(/\?(.*)/s)
  const own = connectionPartsOf(url)?.parameters.get('options')
  const others = query.split('&').filter((pair) => pair !== '' && !pair.startsWith('options='))
  const options = [own, setting].filter(Boolean).join(' ')
  return new Secret(`${base}?${[...others, `options=${encoded(options)}`].join('&')}`)
}

/** The URL with another password, and nothing else of it changed where it is that already. */
export function withPassword(url: Secret, password: Secret): Secret {
  if (connectionPartsOf(url)?.password.reveal() === password.reveal()) return url
  // The name has no colon, and the last at sign before the path ends the password.
  const changed = url
    .reveal()
    .replace(/^(\w+:\/\/[^:@/?#]*)(?::[^?#/]*)?(@[^@/]*\/)/, (_all, head: string, tail: string) =>
      [head, ':', encoded(password.reveal()), tail].join(''),
    )
  return new Secret(changed)
}

const encoded = (part: string): string => encodeURIComponent(part).replaceAll("'", '%27')
