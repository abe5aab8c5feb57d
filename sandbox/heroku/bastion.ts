import {generateKeyPairSync, randomBytes} from 'node:crypto'
import {connect, createServer} from 'node:net'
import type {AddressInfo, Socket} from 'node:net'

import ssh2 from 'ssh2'
import type {AcceptConnection, AuthContext, ParsedKey, RejectConnection, ServerChannel, TcpipRequestInfo} from 'ssh2'

import {addRoute, removeRoute} from '../network/routes.mjs'
import type {Bastion} from './types.js'

/** The name by which the stock command logs in (heroku-cli-util, `utils/pg/bastion.js`). */
const USER = 'bastion'
const SSH_PORT = 22

export interface BastionOptions {
  /** Of the space that it leads into. */
  space: string
  /** `host:port` as the database's URL has it: the one place to which it forwards. */
  address: string
  /** Port of this machine where that database listens. */
  port: number
}

/** The machine of a Private Space that can be reached from outside, and leads to one database. */
export interface BastionServer extends Bastion {
  /** `host:port` of its own, for the routes of those who can reach it. */
  readonly address: string
  /** Port of this machine where it listens. */
  readonly port: number
  /** SSH connections at the moment. */
  readonly connections: number
  /** Connections to the database that have been opened through it so far. */
  readonly forwarded: number
  /** Another key pair, as Heroku replaces them; the old key is not accepted any more. */
  rekey(): void
  /** Ends every connection without a word, as a broken network would; returns how many. */
  cut(): number
  stop(): Promise<void>
}

/** An SSH server: it accepts one key, and does nothing but forward to one database. */
export async function startBastion({space, address, port: databasePort}: BastionOptions): Promise<BastionServer> {
  const host = `bastion-${randomBytes(4).toString('hex')}.${space}.invalid`
  let keys = keyPair()
  let forwarded = 0
  const sockets = new Set<Socket>()
  const {private: hostKey} = ssh2.utils.generateKeyPairSync('ed25519')

  const forward = (
    accept: AcceptConnection<ServerChannel>,
    reject: RejectConnection,
    {destIP, destPort}: TcpipRequestInfo,
  ): void => {
    if (`${destIP}:${destPort}` !== address) return reject()
    const socket = connect(databasePort, '127.0.0.1')
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject).setNoDelay(true)
      forwarded++
      const channel = accept()
      // As sshd does: a database that has hung up ends one direction only, and what the client still says is taken, and goes nowhere.
      socket.once('close', () => {
        channel.eof()
        channel.resume()
      })
      socket.on('error', () => undefined)
      socket.on('data', (data) => {
        if (!channel.write(data)) socket.pause()
      })
      channel.on('drain', () => socket.resume())
      channel.on('data', (data: Buffer) => {
        if (socket.writable && !socket.write(data)) channel.pause()
      })
      socket.on('drain', () => channel.resume())
      channel.once('end', () => {
        socket.end()
        if (socket.closed) channel.close()
        else socket.once('close', () => channel.close())
      })
      channel.on('error', () => socket.destroy())
      channel.on('close', () => socket.destroy())
    })
  }

  const ssh = new ssh2.Server({hostKeys: [hostKey]}, (connection) => {
    connection.on('authentication', (attempt) =>
      isOwner(attempt, keys.accepted) ? attempt.accept() : attempt.reject(),
    )
    connection.on('tcpip', forward)
    connection.on('error', () => undefined)
  })
  const server = createServer({noDelay: true}, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    ssh.injectSocket(socket)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const {port} = server.address() as AddressInfo
  const own = `${host}:${SSH_PORT}`
  addRoute(own, port)

  const cut = (): number => {
    const cutting = [...sockets]
    for (const socket of cutting) socket.destroy()
    return cutting.length
  }
  return {
    host,
    address: own,
    port,
    get privateKey() {
      return keys.privateKey
    },
    get connections() {
      return sockets.size
    },
    get forwarded() {
      return forwarded
    },
    rekey() {
      keys = keyPair()
    },
    cut,
    async stop() {
      removeRoute(own)
      const stopped = new Promise((resolve) => server.close(resolve))
      cut()
      await stopped
    },
  }
}

/** Both forms of a key; the private one as the Data API hands it out. */
function keyPair(): {privateKey: string; accepted: ParsedKey} {
  const {privateKey} = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: {type: 'pkcs1', format: 'pem'},
    publicKeyEncoding: {type: 'pkcs1', format: 'pem'},
  })
  return {privateKey, accepted: ssh2.utils.parseKey(privateKey) as ParsedKey}
}

function isOwner(attempt: AuthContext, accepted: ParsedKey): boolean {
  if (attempt.username !== USER || attempt.method !== 'publickey') return false
  if (!attempt.key.data.equals(accepted.getPublicSSH())) return false
  // First the client asks whether it need sign at all.
  if (!attempt.signature || !attempt.blob) return true
  return accepted.verify(attempt.blob, attempt.signature, attempt.hashAlgo) === true
}
