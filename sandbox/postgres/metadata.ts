type Target = object
const metadata = new WeakMap<Target, Map<unknown, unknown>>()

/**
 * The three functions of the Reflect metadata proposal that @peculiar/x509 needs to be there before it is imported. It
 * only ever asks a class for what was set on that very class.
 */
Object.assign(Reflect, {
  defineMetadata(key: unknown, value: unknown, target: Target) {
    metadata.set(target, (metadata.get(target) ?? new Map<unknown, unknown>()).set(key, value))
  },
  getMetadata: (key: unknown, target: Target) => metadata.get(target)?.get(key),
  getOwnMetadata: (key: unknown, target: Target) => metadata.get(target)?.get(key),
})
