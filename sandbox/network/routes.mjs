import {AsyncLocalStorage} from 'node:async_hooks'
import {Socket} from 'node:net'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'

/*
 * Addresses that some processes reach and others do not. All of the sandbox is one machine, where every server listens at
 * 127.0.0.1: a process with a route finds the server of a private network under its address, and for every other process
 * there is nothing. Preloaded, it takes its routes from its own query, such as `?db.acme.invalid:5432=17001`.
 */

/** Ports of this machine by `host:port`. */
const routes = new Map([...new URL(import.meta.url).searchParams].map(([address, port]) => [address, Number(port)]))

export const addRoute = (address, port) => void routes.set(address, port)
export const removeRoute = (address) => void routes.delete(address)

/** Those of the work at hand. */
const further = new AsyncLocalStorage()

export const withRoutes = (given, work) => further.run(given, work)
export const withoutRoutes = (work) => further.exit(work)

export function nodeOptionsWith(given) {
  const preload = pathToFileURL(join(import.meta.dirname, 'routes.mjs'))
  for (const [address, port] of Object.entries(given)) preload.searchParams.set(address, String(port))
  return `--import=${preload.href}`
}

const {connect} = Socket.prototype

/** Both forms that clients use: options or port and host, each perhaps wrapped up by `net.connect`, and a callback. */
Socket.prototype.connect = function (...args) {
  const [first, ...rest] = Array.isArray(args[0]) ? args[0] : args
  const {host, port, ...options} = typeof first === 'object' ? first : {port: first, host: rest[0]}
  const there = further.getStore()?.[`${host}:${port}`] ?? routes.get(`${host}:${port}`)
  if (there === undefined) return connect.apply(this, args)
  const callback = rest.filter((one) => typeof one === 'function')
  return connect.call(this, {...options, host: '127.0.0.1', port: there}, ...callback)
}
