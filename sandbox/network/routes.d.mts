/** Gives this process a route from `host:port` to a port of this machine. */
export declare function addRoute(address: string, port: number): void
export declare function removeRoute(address: string): void
/** Does something that has further routes, by which the rest of this process does not go. */
export declare function withRoutes<T>(routes: Readonly<Record<string, number>>, work: () => T): T
/** Does something without these further routes. */
export declare function withoutRoutes<T>(work: () => T): T
/** NODE_OPTIONS of a process that has these routes from its start. */
export declare function nodeOptionsWith(routes: Readonly<Record<string, number>>): string
