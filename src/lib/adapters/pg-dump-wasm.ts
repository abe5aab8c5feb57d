import type {Socket} from 'node:net'
import {Worker} from 'node:worker_threads'

import {failed, messageOf} from '../ports/errors.js'
import {Client} from './client.js'
import {connectionError} from './connection-errors.js'
import type {ConnectionParts} from '../postgres/connection-url.js'
import {clientConfig, type Tls} from './client-settings.js'

/** Enough for the catalogs of many thousand tables. */
const MINUTES = 15

/** What pg_dump does not set itself, and role and database may say otherwise: definitions are worded by the server. */
export const DUMP_OPTIONS = [
  'default_transaction_read_only=off',
  'statement_timeout=0',
  'client_encoding=UTF8',
  'standard_conforming_strings=on',
]
  .map((setting) => `-c ${setting}`)
  .join(' ')

/** What the worker asks for, and what it gets. */
export type FromWorker =
  {kind: 'request'; bytes: Uint8Array} | {kind: 'script'; sql: string} | {kind: 'failed'; reason: string}

/**
 * pg_dump as WebAssembly, for machines without client tools. It speaks the protocol synchronously, so it runs in a worker
 * that blocks for each answer; this side owns the real connection, with its TLS and authentication done by `pg`, and
 * passes raw messages to and fro.
 */
export async function wasmPgDump(args: string[], parts: ConnectionParts, tls: Tls): Promise<string> {
  const client = new Client({
    ...clientConfig(parts, tls),
    options: DUMP_OPTIONS,
  })
  client.on('error', () => undefined) // the end of the socket is reported below
  const wire = (client as unknown as {connection: Wire}).connection
  const parameters = new Map<string, string>()
  wire.on('parameterStatus', (status) => parameters.set(status.parameterName, status.parameterValue))
  await client.connect().catch((error: unknown) => {
    throw connectionError(error, 'source', `${parts.host}:${parts.port}/${parts.database}`)
  })
  const socket = wire.stream
  socket.removeAllListeners('data')

  const flag = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL('./pg-dump-worker.js', import.meta.url), {
    workerData: {flag, args, user: parts.user, parameters: [...parameters]},
    stdout: true,
    stderr: true,
  })
  let deadline: NodeJS.Timeout | undefined
  try {
    return await new Promise<string>((resolve, reject) => {
      const late = () => reject(failed('pg_dump_failed', `pg_dump did not end within ${MINUTES} minutes`))
      deadline = setTimeout(late, MINUTES * 60_000)
      const answers = readAnswers(socket, (answer) => {
        worker.postMessage(answer)
        Atomics.store(flag, 0, 1)
        Atomics.notify(flag, 0)
      })
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'request') answers.expect(message.bytes)
        else if (message.kind === 'script') resolve(message.sql)
        else reject(failed('pg_dump_failed', `pg_dump failed: ${message.reason}`))
      })
      worker.on('error', (error) => reject(failed('pg_dump_failed', `pg_dump failed: ${messageOf(error)}`)))
      socket.on('close', () => reject(failed('pg_dump_failed', 'pg_dump lost its connection to the source')))
      socket.on('error', (error) => reject(failed('pg_dump_failed', `pg_dump lost its connection: ${error.message}`)))
    })
  } finally {
    clearTimeout(deadline)
    await worker.terminate()
    socket.destroy()
  }
}

interface Wire {
  stream: Socket
  on(event: 'parameterStatus', listener: (status: {parameterName: string; parameterValue: string}) => void): void
}

const READY_FOR_QUERY = 0x5a
const COPY_IN = 0x47

/** Sends requests and hands on each answer once it is whole: all messages up to the one that ends it. */
function readAnswers(socket: Socket, answered: (answer: Uint8Array) => void) {
  let chunks: Buffer[] = []
  let tail: Buffer = Buffer.alloc(0)
  let ended = false
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    tail = tail.length > 0 ? Buffer.concat([tail, chunk]) : chunk
    let at = 0
    while (tail.length - at >= 5 && tail.length - at >= 1 + tail.readUInt32BE(at + 1)) {
      const type = tail[at]
      at += 1 + tail.readUInt32BE(at + 1)
      ended ||= type === READY_FOR_QUERY || type === COPY_IN
    }
    tail = tail.subarray(at)
    if (ended && tail.length === 0) {
      const answer = Buffer.concat(chunks)
      chunks = []
      ended = false
      answered(answer)
    }
  })
  return {expect: (bytes: Uint8Array) => socket.write(bytes)}
}
