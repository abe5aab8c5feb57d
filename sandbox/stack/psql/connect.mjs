import pg from 'pg'
import {tlsFor} from './tls.mjs'

/** No session came about; the message is as libpq words it. */
export class ConnectionError extends Error {}

/** Connects with libpq's order of precedence: URL or flags, then the environment, then the defaults. */
export async function connect(options, env) {
  const target = readTarget(options, env)
  const parameters = target.parameters
  const mode = parameters.get('sslmode') ?? env.PGSSLMODE ?? 'prefer'
  const rootFile = parameters.get('sslrootcert') ?? env.PGSSLROOTCERT
  const config = {
    ...target.login,
    application_name: parameters.get('application_name') ?? env.PGAPPNAME ?? 'psql',
    options: parameters.get('options') ?? env.PGOPTIONS,
    connectionTimeoutMillis: 1000 * Number(parameters.get('connect_timeout') ?? env.PGCONNECT_TIMEOUT ?? 0),
    types: {getTypeParser: () => (text) => text},
  }
  try {
    return await firstOf(config, mode, () => tlsFor(mode, rootFile, env))
  } catch (error) {
    throw new ConnectionError(
      `connection to server at "${config.host}", port ${config.port} failed: ${reason(error, config)}`,
    )
  }
}

async function firstOf(config, mode, tls) {
  if (mode === 'disable') return open(config, false)
  try {
    return await open(config, tls())
  } catch (error) {
    const mayBePlain = mode === 'prefer' || mode === 'allow'
    if (mayBePlain && /does not support SSL/.test(error.message)) return open(config, false)
    throw error
  }
}

async function open(config, ssl) {
  const client = new pg.Client({...config, ssl})
  client.on('error', () => {})
  client.on('notice', ({severity, message}) => process.stderr.write(`${severity}:  ${message}\n`))
  await client.connect()
  return client
}

function readTarget({database, host, port, user}, env) {
  const isUrl = /^postgres(ql)?:\/\//.test(database ?? '')
  const url = isUrl ? new URL(database) : undefined
  const part = (text) => (text ? decodeURIComponent(text) : undefined)
  const name = user ?? part(url?.username) ?? env.PGUSER ?? env.USER
  return {
    parameters: url?.searchParams ?? new URLSearchParams(),
    login: {
      host: part(url?.hostname) ?? host ?? env.PGHOST ?? 'localhost',
      port: Number(part(url?.port) ?? port ?? env.PGPORT ?? 5432),
      user: name,
      password: part(url?.password) ?? env.PGPASSWORD,
      database: (isUrl ? part(url.pathname.slice(1)) : database) ?? env.PGDATABASE ?? name,
    },
  }
}

function reason(error, {host}) {
  if (error.code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `server certificate does not match host name "${host}"`
  if (/^(UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|CERT_)/.test(error.code ?? '')) return 'SSL error: certificate verify failed'
  if (error.code === 'ECONNREFUSED') return 'Connection refused'
  return error.severity ? `${error.severity}:  ${error.message}` : error.message
}
