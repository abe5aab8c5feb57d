import {parentPort, receiveMessageOnPort, workerData} from 'node:worker_threads'

import {pgDump} from '@electric-sql/pglite-tools/pg_dump'

import type {FromWorker} from './pg-dump-wasm.js'

const {flag, args, user, parameters} = workerData as {
  flag: Int32Array
  args: string[]
  user: string
  parameters: [string, string][]
}
const port = parentPort!
const tell = (message: FromWorker) => port.postMessage(message)

/** One synchronous round trip: the other side answers by message and wakes us through the flag. */
function roundTrip(bytes: Uint8Array): Uint8Array {
  tell({kind: 'request', bytes})
  Atomics.wait(flag, 0, 0)
  Atomics.store(flag, 0, 0)
  return (receiveMessageOnPort(port) as {message: Uint8Array}).message
}

const message = (type: string, ...parts: (Buffer | string)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const AUTHENTICATED = message('R', Buffer.alloc(4))
const READY = message('Z', 'I')
const PROTOCOL_3 = [196_608, 196_610]
const ENDS_A_REQUEST = 'QSF'

/** Stands in for the embedded database that the wrapper expects: answers the start-up itself, passes everything else on. */
class Bridge {
  private pending: Buffer = Buffer.alloc(0)
  private started = false

  query(): Promise<{rows: {search_path: string}[]}> {
    return Promise.resolve({rows: [{search_path: 'public'}]})
  }

  exec(): Promise<void> {
    return Promise.resolve()
  }

  execProtocolRawStream(bytes: Uint8Array, {onRawData}: {onRawData: (data: Uint8Array) => void}): void {
    this.pending = Buffer.concat([this.pending, bytes])
    while (this.pending.length > 0) {
      const answer = this.started ? this.answerRequest() : this.answerStartUp()
      if (!answer) return
      onRawData(answer)
    }
  }

  private answerStartUp(): Uint8Array | undefined {
    if (this.pending.length < 8 || this.pending.length < this.pending.readUInt32BE(0)) return undefined
    const code = this.pending.readUInt32BE(4)
    this.pending = this.pending.subarray(this.pending.readUInt32BE(0))
    this.started = PROTOCOL_3.includes(code)
    if (!this.started) return Buffer.from('N') // no TLS and no GSS on this leg: it never leaves the process
    const status = parameters.map(([name, value]) => message('S', `${name}\0${value}\0`))
    return Buffer.concat([AUTHENTICATED, ...status, message('K', Buffer.alloc(8)), READY])
  }

  private answerRequest(): Uint8Array | undefined {
    for (let at = 0; this.pending.length - at >= 5;) {
      const end = at + 1 + this.pending.readUInt32BE(at + 1)
      if (this.pending.length < end) return undefined
      const type = String.fromCharCode(this.pending[at]!)
      if (ENDS_A_REQUEST.includes(type)) {
        const request = Uint8Array.from(this.pending.subarray(0, end))
        this.pending = this.pending.subarray(end)
        return roundTrip(request)
      }
      at = end
    }
    return undefined
  }
}

try {
  const file = await pgDump({pg: new Bridge() as never, args: [...args, '-U', user]})
  tell({kind: 'script', sql: await file.text()})
} catch (error) {
  tell({kind: 'failed', reason: error instanceof Error ? error.message : String(error)})
}
