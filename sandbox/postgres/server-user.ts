import {execFileSync} from 'node:child_process'
import {chmodSync, chownSync, statSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, relative} from 'node:path'

export interface ServerUser {
  uid: number
  gid: number
}

/**
 * Who the servers run as. Postgres refuses to run as root, so a root caller drops to an unprivileged account; it has
 * to be one with a passwd entry, which initdb looks up. Undefined for everybody else: the caller's own account will do.
 */
export const serverUser: ServerUser | undefined = process.getuid?.() === 0 ? unprivilegedUser() : undefined

function unprivilegedUser(): ServerUser {
  for (const name of ['postgres', 'nobody']) {
    try {
      return {uid: numericId('-u', name), gid: numericId('-g', name)}
    } catch {
      continue
    }
  }

  throw new Error('Postgres does not run as root, and this machine has neither a user postgres nor a user nobody')
}

function numericId(flag: '-u' | '-g', name: string): number {
  return Number(execFileSync('id', [flag, name], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']}))
}

/** Makes the servers' account the owner of a file or folder, where that is another account than ours. */
export function giveToServerUser(path: string): void {
  if (serverUser) chownSync(path, serverUser.uid, serverUser.gid)
}

/** Lets the servers' account walk down to a folder below the temporary folder; mkdtemp closes its folders to others. */
export function makeReachable(folder: string): void {
  if (!serverUser) return
  for (let path = folder; isBelow(tmpdir(), path); path = dirname(path)) {
    chmodSync(path, (statSync(path).mode & 0o7777) | 0o011)
  }
}

function isBelow(parent: string, path: string): boolean {
  const way = relative(parent, path)
  return way !== '' && !way.startsWith('..')
}
