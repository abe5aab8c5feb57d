import {randomInt} from 'node:crypto'
import {createServer} from 'node:net'

/**
 * A port nobody listens on. It is taken from below the range in which systems place outgoing connections, so that it is
 * still free when a halted server comes back.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
