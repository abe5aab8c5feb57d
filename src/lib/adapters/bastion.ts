import type {Client, ClientChannel, ConnectConfig} from 'ssh2'

import {messageOf, refused} from '../ports/errors.js'
import type {Bastion} from '../ports/ports.js'
import type {Tunnel} from '../postgres/connection-url.js'
import {TunnelledSocket} from './tunnelled-socket.js'

/** How `heroku pg:psql` logs in, and how long it waits for that (heroku-cli-util 10, `utils/pg/bastion.js`). */
const LOGIN = {port: 22, username: 'bastion', readyTimeout: 10_000} satisfies ConnectConfig
/** A bastion that has not answered so many of these is gone. */
const KEEPALIVE = {keepaliveInterval: 10_000, keepaliveCountMax: 3} satisfies ConnectConfig

/**
 * A way through the bastion of a Private Space: each connection to the database is a channel of one SSH connection, which is made when it
 * is first needed and again after it was lost. No port is opened on this machine. Whatever host key the bastion shows is taken, as the
 * CLI does: Heroku tells none to compare it with, and within the tunnel goes the TLS of Postgres. `renew` asks Heroku for the bastion of
 * the day when the one at hand cannot be used: its key is replaced from time to time (heroku/legacy-cli#1670, BASTION_REKEYS_AFTER).
 */
export function tunnelThrough(bastion: Bastion, renew: () => Promise<Bastion>): Tunnel & {close(): void} {
  let current = bastion
  let open: Promise<Client> | undefined

  const connect = async (): Promise<Client> => {
    const tried = current
    try {
      return await logIn(tried)
    } catch (error) {
      current = await renew().catch(() => tried)
      if (isSame(current, tried)) throw error
      return logIn(current)
    }
  }
  const client = (): Promise<Client> => {
    if (open) return open
    const opening = connect()
    const forget = () => {
      if (open === opening) open = undefined
    }
    opening.then((made) => made.once('close', forget), forget)
    return (open = opening)
  }
  const channel = async (host: string, port: number): Promise<ClientChannel> => {
    const ssh = await client()
    return new Promise((resolve, reject) => {
      ssh.forwardOut('127.0.0.1', 0, host, port, (error, made) => {
        if (error) reject(notForwarded(`${host}:${port}`, error))
        else resolve(made)
      })
    })
  }

  return {
    stream: () => new TunnelledSocket(channel),
    close() {
      open?.then(
        (ssh) => ssh.end(),
        () => undefined,
      )
    },
  }
}

async function logIn({host, privateKey}: Bastion): Promise<Client> {
  const {default: ssh2} = await import('ssh2')
  const ssh = new ssh2.Client()
  ssh.once('connect', () => ssh.setNoDelay(true))
  try {
    await new Promise<void>((resolve, reject) => {
      ssh.once('ready', resolve)
      ssh.once('close', () => reject(new Error('it closed the connection')))
      // One that is in use is lost with all its channels, each of which says so.
      ssh.on('error', reject)
      ssh.connect({host, privateKey: privateKey.reveal(), authHandler: ['publickey'], ...LOGIN, ...KEEPALIVE})
    })
    return ssh
  } catch (error) {
    ssh.destroy()
    throw notLoggedIn(host, error)
  }
}

const isSame = (one: Bastion, other: Bastion): boolean =>
  one.host === other.host && one.privateKey.reveal() === other.privateKey.reveal()

const notLoggedIn = (host: string, error: unknown) =>
  (error as {level?: string}).level === 'client-authentication'
    ? refused(
        'source_unreachable',
        `the bastion ${host} of the source refused the key that Heroku tells for it`,
        'ask Heroku support if heroku pg:psql is refused as well',
      )
    : refused(
        'source_unreachable',
        `the bastion ${host} of the source cannot be used: ${messageOf(error)}`,
        'let this machine connect to other hosts by SSH, at port 22',
      )

const notForwarded = (place: string, error: Error) =>
  refused(
    'source_unreachable',
    `the bastion of the source does not lead to ${place}: ${error.message}`,
    'look with heroku pg:info whether the database is available',
  )
