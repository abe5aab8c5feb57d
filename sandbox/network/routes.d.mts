/** Gives this process a route from `host:port` to a port of this machine. */
export declare function addRoute(address: string, port: number): void
export declare function removeRoute(address: string): void
/** NODE_OPTIONS of a process that has these routes from its start. */
export declare function nodeOptionsWith(routes: Readonly<Record<string, number>>): string
