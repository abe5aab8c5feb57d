// A migration that follows its source, in a process of its own, to be killed. Its errand comes as JSON on stdin; what happens
// goes to stdout, a line of JSON each.
import './environment.js'

import {text} from 'node:stream/consumers'

import {parseConnectionUrl} from '../../src/lib/postgres/connection-url.js'
import {openDatabase} from '../../src/lib/adapters/postgres.js'
import {follow} from '../../src/lib/capture/follow.js'
import type {Synced} from '../../src/lib/capture/sync.js'
import {Secret} from '../../src/lib/ports/secret.js'
import {captureOf} from './capture.js'
import type {Errand, Report} from './hostile-followers.js'
import type {Source, Target} from './servers.js'
import {forward} from '../../src/lib/runbook/migration.js'

const report = (line: Report) =>
  process.stdout.write(`${JSON.stringify({ms: Math.round(performance.now()), ...line})}\n`)

report({what: 'ready'})
const {errand, sourceUrl, targetUrl, authorities, major} = JSON.parse(await text(process.stdin)) as Errand
const [from, to] = [sourceUrl, targetUrl].map((url) => parseConnectionUrl(new Secret(url), 'url'))
const tls = {mode: 'encrypted'} as const
const source = openDatabase('source', from!, tls)
const target = openDatabase('target', to!, {mode: 'verified', authorities})
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort(new Error('asked to end')))

const capture = await captureOf(
  {db: source, parts: from, tls, major} as unknown as Source,
  {db: target} as unknown as Target,
  stop.signal,
)
try {
  if (errand === 'follow') await startAndFollow()
  else await capture.sync()
} catch (error) {
  const {code, message} = error as Error & {code: string}
  report({what: 'failed', code, message})
  throw error
}
report({what: 'ended', peakMegabytes: process.resourceUsage().maxRSS / 1024})
await Promise.all([source.close(), target.close()])

async function startAndFollow(): Promise<void> {
  let what: 'caught up' | 'synced' = 'caught up'
  Object.assign(capture.migration.operator, {
    tell: (line: string) => void report({what: 'told', line}),
    following: ({syncNumber, entries, seconds}: Synced) => void report({what, nth: syncNumber, entries, seconds}),
  })
  const {journal} = capture.migration
  const setNote: typeof journal.setNote = async (key, value) => {
    await journal.setNote(key, value)
    report({what: 'noted', key})
  }
  Object.assign(capture.migration, {journal: {...journal, setNote}})
  await capture.start()
  report({what: 'started'})
  what = 'synced'
  await follow(forward(capture.migration), {pauseMs: 50, rest: 0})
}
