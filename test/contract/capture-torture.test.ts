import {expect} from 'chai'
import {setTimeout as delay} from 'node:timers/promises'

import {captureOf, verifyWhileLive} from '../support/capture.js'
import {followersOf} from '../support/hostile-followers.js'
import {BACKLOG} from '../support/hostile-operations.js'
import {type Random, randomFrom, seedsFor} from '../support/hostile-random.js'
import {ACCOUNTS, hostileSchema} from '../support/hostile-schema.js'
import {type HostileWriters, startHostileWriters} from '../support/hostile-workload.js'
import {ask, contentsOf, patience, servers, type Source, type Target} from '../support/servers.js'
import {capturedTables} from '../../src/lib/capture/captured.js'
import {CAPTURE_LAG} from '../../src/lib/capture/lag.js'
import {askBoth} from '../support/ask-both.js'
import {passBarrier, raiseFence} from '../../src/lib/fence/fence.js'
import {landedWrites} from '../support/asked.js'
import {prepareToWatch} from '../../src/lib/fence/landed-writes.js'
import {requireNote} from '../../src/lib/journal/notes.js'
import {describeDifferences} from '../../src/lib/verify/locate.js'
import {compareTouched, frozenEnds, touchedSinceVerified} from '../../src/lib/verify/touched.js'
import {forward} from '../../src/lib/runbook/migration.js'

/*
 * Clients write whatever an app might, while the process that copies and follows is killed again and again, and sometimes a server
 * crashes. In the end the source is frozen as the runbook does it, and both databases must be equal.
 *
 * TORTURE_ROUNDS=50 for more of it; SEED=… for a round that failed; TORTURE_WITHOUT='truncate|merge' to find out what it takes:
 * whatever has a name like that is left out, and 'verification' is another such name.
 */

const ROUNDS = Number(process.env['TORTURE_ROUNDS'] ?? 4)
const WITHOUT = process.env['TORTURE_WITHOUT'] === undefined ? undefined : RegExp(process.env['TORTURE_WITHOUT'])
const WRITERS = 6
const FOLLOWED_MS = 6000

interface Round {
  source: Source
  target: Target
  capture: Awaited<ReturnType<typeof captureOf>>
  writers: HostileWriters
  random: Random
  /** What was done when, for whoever has to understand a failure. */
  log: (what: string) => void
}

describe('Following under torture', function () {
  this.timeout(300_000)
  const both = servers()

  for (const seed of seedsFor(ROUNDS)) {
    it(`loses and invents nothing: SEED=${seed}`, async () => {
      const begun = Date.now()
      const history: string[] = []
      const log = (what: string) => void history.push(`${((Date.now() - begun) / 1000).toFixed(2)} s: ${what}`)
      const random = randomFrom(seed)
      const source = await both.newSource({credentials: ['other']})
      const target = await both.newTarget()
      await ask(source.url, hostileSchema(source.major))
      const writers = startHostileWriters({
        major: source.major,
        urls: [source.url, source.url, source.credentials['other']!.url],
        writers: WRITERS,
        random: random.fork(),
        without: WITHOUT,
      })
      const capture = await captureOf(source, target)
      try {
        await torture({source, target, capture, writers, random, log})
      } catch (error) {
        const {message, stack} = error as Error
        const told = JSON.stringify({...writers, trouble: writers.trouble.slice(0, 3)})
        throw Object.assign(new Error(`SEED=${seed}: ${message}\n${history.join('\n')}\n${told}`), {stack})
      } finally {
        await writers.stop()
        await Promise.all([source.db.close(), target.db.close()])
        await both.source.superuser('postgres', `drop database "${source.database}" with (force)`)
        await both.target.superuser('postgres', `drop database "${target.database}" with (force)`)
      }
    })
  }

  async function torture(round: Round): Promise<void> {
    const {source, target, capture, writers, random, log} = round
    const followers = followersOf(source, target)
    try {
      for (let deaths = random.between(1, 4); deaths > 0; deaths--) {
        const dying = await followers.begin()
        await delay(random.below(1500))
        await dying.kill()
        log('killed while it prepares or copies')
      }
      let follower = await followers.begin()
      await follower.syncs()
      log('follows')

      const crash = random.pick([undefined, undefined, 'source', 'target'] as const)
      const [crashAt, backlogAt] = [
        random.below(FOLLOWED_MS),
        random.chance(0.5) ? random.below(FOLLOWED_MS) : Infinity,
      ]
      let [crashed, backlogged] = [false, false]
      let verifying = verified(round, random.below(FOLLOWED_MS / 3))
      let last = 0n
      for (const from = Date.now(); Date.now() - from < FOLLOWED_MS;) {
        if (random.chance(0.7)) await follower.syncs()
        await delay(random.below(random.pick([30, 300, 1000])))
        await follower.kill()
        log(`killed after ${follower.reports.at(-1)!.what}`)
        last = await expectWhole(target, last)
        if (!backlogged && Date.now() - from > backlogAt) {
          backlogged = true
          for (const statement of BACKLOG)
            await ask(source.url, `set lock_timeout = '10s'; ${statement}`).catch(() => undefined)
          log('a backlog has grown')
        }
        if (crash && !crashed && Date.now() - from > crashAt) {
          crashed = true
          await verifying
          follower = await followers.begin()
          await follower.syncs()
          await delay(random.below(100))
          await both[crash].restart({immediate: true})
          log(`the ${crash} crashed`)
          await follower.syncs()
          log('follows again')
          verifying = verified(round, random.below(1000))
          continue
        }
        follower = await followers.begin()
      }
      await verifying
      await follower.kill()
      log('killed for the last time')

      await prepareToWatch(target.db, capture.migration.guard.target)
      await freeze(round)
      log('frozen')
      await writers.stop()
      await capture.sync()
      await expectEqual(source, target)
      await expectNothingLeft(round)
      expect(await landedWrites(target.db), 'writes of the syncs taken for the app').to.deep.equal([])
      expect(writers.trouble, 'what clients were told').to.deep.equal([])
      expect(writers.acknowledged, 'transactions').to.be.greaterThan(50)
      if (!crashed) expect(writers.broken, 'connections that broke').to.equal(0)
    } finally {
      await followers.close()
    }
  }

  /** As the runbook does, while clients still write. */
  async function freeze({capture}: Round): Promise<void> {
    const {source, guard} = capture.migration
    const key = await requireNote(capture.migration, 'fenceKey')
    await raiseFence(source, key, 'the database of shop is frozen while it moves to RDS', guard.source)
    await passBarrier(source, {...patience(20), nobodyWaits: true})
  }
})

/** The tool's own comparison of two moments that a sync has made equal, while all goes on. */
function verified(round: Round, afterMs: number): Promise<void> {
  const verifying = verify(round, afterMs)
  verifying.catch(() => undefined) // whoever awaits it hears of it
  return verifying
}

async function verify({capture, log}: Round, afterMs: number): Promise<void> {
  if (WITHOUT?.test('verification')) return
  await delay(afterMs)
  log('a verification begins')
  const {rows, differences} = await verifyWhileLive(capture.migration)
  log(`${rows} rows verified`)
  const told = describeDifferences(differences, 20, {showRows: true})
  expect(told.length, `differences at a moment that a sync has made equal: ${told.join('; ')}`).to.equal(0)
}

/** What moves between rows is whole in every state that the target has, and syncs never go back. */
async function expectWhole({superuserUrl}: Target, last: bigint): Promise<bigint> {
  const [state] = await ask<{sum: string; nth: string}>(
    superuserUrl,
    `select (select sum(amount) from public.balances)::text as sum, nth::text as nth from heroku_rds.sync_state`,
  )
  expect(state!.sum, 'the sum of all balances').to.equal(String(ACCOUNTS * 1000))
  expect(BigInt(state!.nth) >= last, `sync ${state!.nth} after sync ${last}`).to.equal(true)
  return BigInt(state!.nth)
}

/** Table by table; of one that differs, the lines that do. */
async function expectEqual(source: Source, target: Target): Promise<void> {
  const [here, there] = [await contentsOf(source.superuserUrl), await contentsOf(target.superuserUrl)]
  expect(Object.keys(there).sort()).to.deep.equal(Object.keys(here).sort())
  const told = Object.keys(here).flatMap((table) => {
    if (here[table] === there[table]) return []
    const [ours, theirs] = [here[table]!.split('\n'), there[table]!.split('\n')]
    const only = (lines: string[], others: string[]) => {
      const known = new Set(others)
      return lines.filter((line) => !known.has(line)).map((line) => line.slice(0, 200))
    }
    const [missing, extra] = [only(ours, theirs), only(theirs, ours)]
    return [
      `${table}: ${ours.length} rows here, ${theirs.length} there; only here ${JSON.stringify(missing.slice(0, 5))}, only there ${JSON.stringify(extra.slice(0, 5))}`,
    ]
  })
  expect(told).to.deep.equal([])
}

/** The log is empty, the tool knows it, and the tool's own comparison of what was touched agrees. */
async function expectNothingLeft({capture}: Round): Promise<void> {
  const {migration} = capture
  const lag = await askBoth(migration, CAPTURE_LAG)
  expect({pending: lag!.pending, tables: lag!.tables}).to.deep.equal({pending: 0, tables: 0})
  const {tables} = await capturedTables(forward(migration))
  const touched = await touchedSinceVerified(migration.target, tables)
  const {compared} = await compareTouched(touched, frozenEnds(forward(migration)), migration.signal)
  expect(compared.flatMap(({differences}) => differences)).to.deep.equal([])
}
