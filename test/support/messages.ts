import pg from 'pg'

/** How many messages pg's clients in this process sent while the work went on: each is a wait for a distant server. */
export async function messagesOf(work: () => Promise<unknown>): Promise<number> {
  const prototype = pg.Client.prototype as unknown as {query: (...given: unknown[]) => unknown}
  const query = prototype.query
  let messages = 0
  prototype.query = function (...given) {
    messages++
    return query.apply(this, given)
  }
  try {
    await work()
  } finally {
    prototype.query = query
  }
  return messages
}
