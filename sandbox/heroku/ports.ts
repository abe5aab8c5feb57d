import {connect, createServer} from 'node:net'
import type {AddressInfo} from 'node:net'

const reserved = new Set<number>()

/** A free port that no other dyno of this process was given; give it back with `releasePort`. */
export async function reservePort(): Promise<number> {
  for (;;) {
    const port = await new Promise<number>((resolve, reject) => {
      const server = createServer()
      server.once('error', reject)
      server.listen(0, () => {
        const found = (server.address() as AddressInfo).port
        server.close(() => resolve(found))
      })
    })
    if (reserved.has(port)) continue
    reserved.add(port)
    return port
  }
}

export function releasePort(port: number): void {
  reserved.delete(port)
}

export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({port, host: 'localhost'})
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
