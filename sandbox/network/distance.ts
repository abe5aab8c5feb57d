import {join} from 'node:path'
import {Worker} from 'node:worker_threads'

import {makeClientTools} from './client-tools.js'
import {type Place, type Profile, type ProfileName, PROFILES} from './profiles.js'
import {nodeOptionsWith, withRoutes} from './routes.mjs'

/** As a server is found from nearby. */
export interface Server {
  host: string
  port: number
}

/** What lies between the tool and the servers: for the tool only, while all others use the same addresses and are near. */
export interface Distance {
  readonly profile: Profile
  /** What a process of the tool's has in its environment, so that it finds every server at its distance. */
  readonly env: NodeJS.ProcessEnv
  /**
   * Puts a server at the distance of its place, and returns the port by which the tool reaches it: under an address that leads nowhere
   * else where one is given, else under its own.
   */
  add(place: Place, server: Server, address?: string): Promise<number>
  /** Breaks the tool's connections to a server, and those it makes within so many milliseconds. Needs a distance to that server. */
  cut(server: Pick<Server, 'port'>, milliseconds: number): void
  /** Does work of the tool's in this process. */
  cross<T>(work: () => T): T
  stop(): Promise<void>
}

/** `home`: a folder for what the tool's processes need. */
export function startDistance(given: Profile | ProfileName, home: string): Distance {
  const profile: Profile = typeof given === 'string' ? PROFILES[given] : given
  const routes: Record<string, number> = {}
  let relays: Relays | undefined
  let path: {PATH?: string} = {}

  return {
    profile,
    get env() {
      return Object.keys(routes).length === 0 ? {} : {NODE_OPTIONS: nodeOptionsWith(routes), ...path}
    },
    async add(place, server, address) {
      const near = profile[place] === undefined
      const port = near ? server.port : await (relays ??= startRelays(profile)).listen(place, server)
      const own = near ? [] : [`localhost:${server.port}`, `127.0.0.1:${server.port}`]
      for (const one of address === undefined ? own : [address]) routes[one] = port
      if (place === 'databases' && !near) path = {PATH: makeClientTools(home, routes)}
      return port
    },
    cut({port}, milliseconds) {
      if (!relays) throw new Error('what is near cannot be cut off')
      relays.cut(port, milliseconds)
    },
    cross: (work) => withRoutes(routes, work),
    stop: async () => relays?.stop(),
  }
}

interface Relays {
  listen(place: Place, server: Server): Promise<number>
  cut(port: number, milliseconds: number): void
  stop(): Promise<void>
}

/** On a thread of their own: neither what the tool does in this process nor the sandbox makes them late. */
function startRelays(profile: Profile): Relays {
  const thread = new Worker(join(import.meta.dirname, 'relay.mjs'), {workerData: profile, execArgv: []})
  const answered: ((port: number) => void)[] = []
  thread.on('message', ({nth, port}: {nth: number; port: number}) => answered[nth]!(port))

  return {
    listen: (place, {host, port}) =>
      new Promise((resolve) => {
        thread.postMessage({nth: answered.push(resolve) - 1, place, server: {host, port}})
      }),
    cut: (port, milliseconds) => thread.postMessage({cut: {port, milliseconds}}),
    stop: async () => void (await thread.terminate()),
  }
}
