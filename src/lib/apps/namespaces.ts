const ADVANCED = {role: 'owner', pool: 'leader', proxy: 'false'}

/**
 * A namespace with all that it leaves out, fit to compare: Advanced plans say `role:app|pool:leader|proxy:false`, in any order, or leave
 * parts of it out; null stands for the owner. Classic ones, such as `credential:app`, are as they stand.
 */
export function namespaceKey(namespace: string | null): string {
  const parts = (namespace ?? '').split('|').filter(Boolean)
  const given = Object.fromEntries(parts.map((part) => part.split(/:(.*)/s).slice(0, 2) as [string, string]))
  if (namespace !== null && !Object.keys(given).every((name) => name in ADVANCED)) return namespace
  return JSON.stringify({...ADVANCED, ...given})
}

export const isSameNamespace = (one: string | null, other: string | null): boolean =>
  namespaceKey(one) === namespaceKey(other)

/** The owner's, and not through a pool. */
export const isOwners = (namespace: string | null): boolean => isSameNamespace(namespace, null)
