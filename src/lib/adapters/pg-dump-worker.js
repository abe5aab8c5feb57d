// JavaScript, so that a worker runs it as it stands, compiled or not.
import {parentPort, receiveMessageOnPort, workerData} from 'node:worker_threads'

import {pgDump} from '@electric-sql/pglite-tools/pg_dump'

/** @type {{flag: Int32Array, args: string[], user: string, parameters: [string, string][]}} */
const {flag, args, user, parameters} = workerData
const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort)

/** The flag only wakes us sooner: whether an answer is there the port itself says. */
const LONGEST_SLEEP_MS = 20

/** @param {import('./pg-dump-wasm.js').FromWorker} message */
const tell = (message) => port.postMessage(message)

/**
 * One synchronous round trip: the other side answers by message and wakes us through the flag.
 * @param {Uint8Array} bytes
 * @returns {Uint8Array}
 */
function roundTrip(bytes) {
  tell({kind: 'request', bytes})
  for (;;) {
    /** @type {{message: Uint8Array} | undefined} */
    const answer = receiveMessageOnPort(port)
    if (answer) return answer.message
    Atomics.wait(flag, 0, 0, LONGEST_SLEEP_MS)
    Atomics.store(flag, 0, 0)
  }
}

/**
 * @param {string} type
 * @param {(Buffer | string)[]} parts
 */
function message(type, ...parts) {
  const body = Buffer.concat(parts.map((part) => Buffer.from(/** @type {string} */ (part))))
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
  pending = Buffer.alloc(0)
  started = false

  query() {
    return Promise.resolve({rows: [{search_path: 'public'}]})
  }

  exec() {
    return Promise.resolve()
  }

  /**
   * @param {Uint8Array} bytes
   * @param {{onRawData: (data: Uint8Array) => void}} options
   */
  execProtocolRawStream(bytes, {onRawData}) {
    this.pending = Buffer.concat([this.pending, bytes])
    while (this.pending.length > 0) {
      const answer = this.started ? this.answerRequest() : this.answerStartUp()
      if (!answer) return
      onRawData(answer)
    }
  }

  answerStartUp() {
    if (this.pending.length < 8 || this.pending.length < this.pending.readUInt32BE(0)) return undefined
    const code = this.pending.readUInt32BE(4)
    this.pending = this.pending.subarray(this.pending.readUInt32BE(0))
    this.started = PROTOCOL_3.includes(code)
    if (!this.started) return Buffer.from('N') // no TLS and no GSS on this leg: it never leaves the process
    const status = parameters.map(([name, value]) => message('S', `${name}\0${value}\0`))
    return Buffer.concat([AUTHENTICATED, ...status, message('K', Buffer.alloc(8)), READY])
  }

  answerRequest() {
    for (let at = 0; this.pending.length - at >= 5;) {
      const end = at + 1 + this.pending.readUInt32BE(at + 1)
      if (this.pending.length < end) return undefined
      const type = String.fromCharCode(this.pending.readUInt8(at))
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

// The package takes out every line that looks like psql's \restrict, even from the body of a function. Our lexer knows which
// lines are commands, so in this worker that one replacement does nothing.
const {replace} = String.prototype
Object.assign(String.prototype, {
  /**
   * @this {string}
   * @param {any} pattern
   * @param {any} by
   */
  replace(pattern, by) {
    const takesOut = pattern instanceof RegExp && pattern.source.includes('restrict')
    return takesOut ? String(this) : replace.call(this, pattern, by)
  },
})

try {
  const file = await pgDump({pg: /** @type {any} */ (new Bridge()), args: [...args, '-U', user]})
  tell({kind: 'script', sql: await file.text()})
} catch (error) {
  tell({kind: 'failed', reason: error instanceof Error ? error.message : String(error)})
}
