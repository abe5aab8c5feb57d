import {once} from 'node:events'
import {type AddressInfo, connect, createServer, type Server, type Socket} from 'node:net'

/** A server on a port of its own; `close` ends its connections, too. */
export async function serve(
  take: (socket: Socket) => void,
): Promise<{host: string; port: number; close: () => Promise<void>}> {
  const sockets = new Set<Socket>()
  const server: Server = createServer({allowHalfOpen: true, noDelay: true}, (socket) => {
    sockets.add(socket.on('error', () => undefined).once('close', () => sockets.delete(socket)))
    take(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = server.address() as AddressInfo
  return {
    host: '127.0.0.1',
    port,
    async close() {
      const closed = server.listening ? once(server, 'close') : undefined
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

export async function dial(port: number): Promise<Socket> {
  const socket = connect({host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true})
  await once(socket, 'connect')
  return socket
}

/** Reads so many bytes, and tells when the first and the last of them came. */
export async function receive(socket: Socket, bytes: number): Promise<{first: number; last: number; pieces: Buffer[]}> {
  const pieces: Buffer[] = []
  let [first, got] = [0, 0]
  for await (const piece of socket.iterator({destroyOnReturn: false}) as AsyncIterable<Buffer>) {
    first ||= performance.now()
    pieces.push(piece)
    got += piece.length
    if (got >= bytes) return {first, last: performance.now(), pieces}
  }
  throw new Error(`the stream ended after ${got} of ${bytes} bytes`)
}

/** Milliseconds until each of some questions, one after the other, was answered. */
export async function roundTrips(socket: Socket, times: number): Promise<number[]> {
  const took: number[] = []
  for (let nth = 0; nth < times; nth++) {
    const begun = performance.now()
    socket.write('?')
    await once(socket, 'data')
    took.push(performance.now() - begun)
  }
  return took
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!
