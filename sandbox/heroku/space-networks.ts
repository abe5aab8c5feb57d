import {nodeOptionsWith} from '../network/routes.mjs'

/** What can be reached from within each space and from nowhere else. */
export class SpaceNetworks {
  readonly #routes = new Map<string, Record<string, number>>()

  /** A server of a space: its `host:port` there, and the port of this machine where it listens. */
  add(space: string, address: string, port: number): void {
    this.#routes.set(space, {...this.#routes.get(space), [address]: port})
  }

  /** What a dyno of the space has in its environment besides its config vars. */
  environment(space: string | null, nodeOptions = ''): {NODE_OPTIONS?: string} {
    const routes = space === null ? undefined : this.#routes.get(space)
    return routes ? {NODE_OPTIONS: `${nodeOptions} ${nodeOptionsWith(routes)}`.trim()} : {}
  }
}
