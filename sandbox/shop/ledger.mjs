import {randomUUID} from 'node:crypto'
import {appendFileSync} from 'node:fs'
import {UnknownOutcome, addEvent, transaction} from './database.mjs'

const file = process.env.LEDGER_FILE

/** One line per write, in one append: many processes share the file. */
export function record(entry) {
  if (file) appendFileSync(file, JSON.stringify(entry) + '\n')
}

/** A transaction with a reference of its own in `events`, and a line in the ledger as soon as it is acknowledged. */
export async function recordedTransaction(pool, kind, work) {
  const ref = randomUUID()
  const process = globalThis.process.env.DYNO ?? kind
  try {
    const {sent, acked, database} = await transaction(pool, async (client) => {
      await addEvent(client, ref, kind, (await work(client)) ?? {})
    })
    record({ref, kind, sent, acked, database, process})
  } catch (error) {
    if (error instanceof UnknownOutcome) record({ref, kind, sent: error.sent, unknown: true, process})
    throw error
  }
}
