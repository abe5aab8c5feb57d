// A copy in a process of its own, to be killed. Argument: what to reach the databases by, as JSON on stdin.
import './environment.js'

import {text} from 'node:stream/consumers'

import {parseConnectionUrl} from '../../src/lib/postgres/connection-url.js'
import {openDatabase} from '../../src/lib/adapters/postgres.js'
import {Secret} from '../../src/lib/ports/secret.js'
import {copyOf} from './copy.js'
import type {Source, Target} from './servers.js'

const {sourceUrl, targetUrl, authorities, major} = JSON.parse(await text(process.stdin)) as {
  sourceUrl: string
  targetUrl: string
  authorities: string[]
  major: number
}
const [from, to] = [sourceUrl, targetUrl].map((url) => parseConnectionUrl(new Secret(url), 'url'))
const tls = {mode: 'encrypted'} as const
const [source, target] = [
  openDatabase('source', from!, tls),
  openDatabase('target', to!, {mode: 'verified', authorities}),
]
const copy = copyOf({db: source, parts: from, tls, major} as unknown as Source, {db: target} as unknown as Target)
process.stdout.write('begun\n')
await copy.rows()
await copy.constraints()
await Promise.all([source.close(), target.close()])
