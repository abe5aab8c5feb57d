import pg from 'pg'

/** Heroku Postgres has a self-signed certificate, which is why shops like this one do not look at it. */
export function createPool(size) {
  const connectionString = process.env[process.env.DATABASE_VAR ?? 'DATABASE_URL']
  const ssl = /[?&]sslmode=/.test(connectionString) ? {} : {ssl: {rejectUnauthorized: false}}
  const pool = new pg.Pool({connectionString, max: size, connectionTimeoutMillis: 5000, ...ssl})
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', (error) => console.error(`connection lost: ${error.message}`)))
  return pool
}

/** Thrown when the connection broke while COMMIT was under way: only the database knows. */
export class UnknownOutcome extends Error {
  constructor(cause, sent) {
    super(`COMMIT got no answer: ${cause.message}`, {cause})
    this.sent = sent
  }
}

/**
 * Runs `work(client)` in a transaction. The answer says which database took it, and between which two moments; it is
 * given only after COMMIT was acknowledged.
 */
export async function transaction(pool, work) {
  const client = await pool.connect()
  let failure
  try {
    const [, where] = await client.query(`BEGIN; SELECT inet_server_port() || '/' || current_database() AS database`)
    const sent = Date.now()
    const result = await work(client)
    await commit(client, sent)
    return {result, sent, acked: Date.now(), database: where.rows[0].database}
  } catch (error) {
    failure = error
    await client.query('ROLLBACK').catch(() => {})
    throw error
  } finally {
    client.release(failure)
  }
}

async function commit(client, sent) {
  let answer
  try {
    answer = await client.query('COMMIT')
  } catch (error) {
    throw new UnknownOutcome(error, sent)
  }

  if (answer.command !== 'COMMIT') throw new Error('the transaction was rolled back')
}

export function addEvent(client, ref, kind, payload) {
  return client.query('INSERT INTO events (ref, kind, payload) VALUES ($1, $2, $3)', [
    ref,
    kind,
    JSON.stringify(payload),
  ])
}
