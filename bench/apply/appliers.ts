import {setTimeout as delay} from 'node:timers/promises'

import type {Later} from '../cleanup.js'
import {cpuOf} from '../measure.js'
import {followerOf} from '../migration.js'
import {ask, connect, type Place, type Stage} from '../stage.js'
import {type Phase, profiler} from './profile.js'
import {schemaFor, type StreamSizes} from './streams.js'

/** Where a drain spent its time. */
export interface Drained {
  seconds: number
  /** Rows that the target got. */
  rows: number
  cpuSeconds: {source: number; target: number; own: number}
  phases?: Phase[]
}

/** Something that brings the changes of a source to its target. It rests until it is asked. */
export interface Applier {
  name: 'bucardo' | 'native' | 'ours'
  source: Place
  target: Place
  /** What of it stays near whatever the distance, in words. */
  near?: string
  /** Brings all that is committed by now. `changes` is what the source has made. */
  drain: (changes: number) => Promise<Drained>
  /** Keeps up while `work` goes on. */
  during: <T>(work: () => Promise<T>) => Promise<T>
}

/** Triggers on the source and syncs. */
export async function ours(stage: Stage, sizes: StreamSizes): Promise<Applier> {
  const [source, target] = [await stage.newSource(await stage.newSourceServer()), await stage.newTarget()]
  await ask(source.url, ...schemaFor(sizes), 'vacuum analyze')
  const profile = profiler()
  const follower = await followerOf(source, target, profile.watched)
  await follower.start()
  return {
    name: 'ours',
    source,
    target,
    async drain() {
      const before = cpuSeconds(source, target)
      profile.reset()
      const begun = performance.now()
      const {rows} = await follower.catchUp()
      const seconds = (performance.now() - begun) / 1000
      return {seconds, rows, cpuSeconds: since(before, cpuSeconds(source, target)), phases: profile.phases()}
    },
    async during(work) {
      const stop = new AbortController()
      const following = follower.follow(stop.signal).catch((error: unknown) => {
        if (!stop.signal.aborted) throw error
      })
      try {
        return await Promise.race([work(), following.then(() => new Promise<never>(() => undefined))])
      } finally {
        stop.abort()
        await following
      }
    },
  }
}

/** Publication and subscription, with the quickest settings both majors have. */
export async function native(stage: Stage, sizes: StreamSizes, later: Later): Promise<Applier> {
  const source = await stage.newSource(await stage.newSourceServer({wal_level: 'logical'}))
  const target = await stage.newTarget()
  await stage.target.configure({wal_retrieve_retry_interval: '100ms'})
  for (const {url} of [source, target]) await ask(url, ...schemaFor(sizes), 'vacuum analyze')
  await ask(source.superuserUrl, 'create publication bench for all tables')
  const {hostname, username, password, pathname} = new URL(source.superuserUrl)
  const from = `host=${hostname} port=${source.port} user=${username} password=${password} dbname=${pathname.slice(1)} sslmode=require`
  await ask(
    target.superuserUrl,
    `create subscription bench connection '${from}' publication bench with (copy_data = false, binary = true, synchronous_commit = off)`,
  )
  const switchOff = async () => {
    await ask(target.superuserUrl, 'alter subscription bench disable')
    await until(async () => {
      const [slot] = await ask<{active: boolean}>(source.superuserUrl, 'select active from pg_replication_slots')
      return !slot!.active
    })
  }
  later(async () => {
    await switchOff()
    await ask(target.superuserUrl, 'drop subscription bench')
  })
  await arrived(source)
  await switchOff()
  return {
    name: 'native',
    source,
    target,
    near: 'works on the target itself, so only its source is at a distance',
    async drain(changes) {
      const before = cpuSeconds(source, target)
      const begun = performance.now()
      await ask(target.superuserUrl, 'alter subscription bench enable')
      await arrived(source)
      const seconds = (performance.now() - begun) / 1000
      const cpu = since(before, cpuSeconds(source, target))
      await switchOff()
      return {seconds, rows: changes, cpuSeconds: cpu}
    },
    async during(work) {
      await ask(target.superuserUrl, 'alter subscription bench enable')
      try {
        return await work()
      } finally {
        await switchOff()
      }
    },
  }
}

/** The subscriber has replayed all that the source has written. */
async function arrived({superuserUrl}: Place): Promise<void> {
  const client = await connect(superuserUrl)
  const [{lsn}] = (await client.query<{lsn: string}>('select pg_current_wal_lsn()::text as lsn')).rows as [
    {lsn: string},
  ]
  await until(async () => {
    const {rows} = await client.query<{there: boolean}>(
      `select coalesce(bool_or(replay_lsn >= $1::pg_lsn), false) as there from pg_stat_replication`,
      [lsn],
    )
    return rows[0]!.there
  })
  await client.end()
}

async function until(there: () => Promise<boolean>, seconds = 1800): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !(await there()); await delay(20))
    if (Date.now() > end) throw new Error(`it did not happen within ${seconds} s`)
}

export const cpuSeconds = ({server: source}: Place, {server: target}: Place): Drained['cpuSeconds'] => {
  const {user, system} = process.cpuUsage()
  return {source: cpuOf(source), target: cpuOf(target), own: (user + system) / 1e6}
}

export const since = (before: Drained['cpuSeconds'], now: Drained['cpuSeconds']): Drained['cpuSeconds'] => ({
  source: now.source - before.source,
  target: now.target - before.target,
  own: now.own - before.own,
})
