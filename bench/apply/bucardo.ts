import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'

import pg from 'pg'

import type {Later} from '../cleanup.js'
import {findTool, runTool} from '../client-tools.js'
import {ask, connect, type Place, type Stage} from '../stage.js'
import {type Applier, cpuSeconds, since} from './appliers.js'
import {type Control, startControl} from './bucardo-control.js'
import {schemaFor, type StreamSizes} from './streams.js'

const HOW_TO_INSTALL = 'apt-get install -y bucardo postgresql-plperl-15 brings it'
const TABLES = ['pgbench_branches', 'pgbench_tellers', 'pgbench_accounts', 'pgbench_history', 'items', 'beat']
/** Bucardo brings no table without a key: this one gets one, as its documentation asks. */
const KEY_FOR_HISTORY = 'alter table pgbench_history add column id bigint generated always as identity primary key'

/** Its own daemon does so every two minutes. Otherwise the next look for changes weighs all that was ever brought, for many minutes. */
const FORGET_WHAT_WAS_BROUGHT = [`select bucardo.bucardo_purge_delta('0 seconds')`, 'vacuum analyze']

/** Triggers on the source, and a daemon in Perl that a kick wakes; or why it cannot be had here. */
export async function bucardo(stage: Stage, sizes: StreamSizes, later: Later): Promise<Applier | string> {
  const tool = findTool('bucardo')
  const postgres = findTool('postgres')
  if (!tool) return `it is not installed: ${HOW_TO_INSTALL}`
  if (!postgres || !existsSync(join(postgres, '../../lib/plperl.so')))
    return `its own database needs PL/Perl: ${HOW_TO_INSTALL}`
  const source = await stage.newSource(await stage.newSourceServer())
  const target = await stage.newTarget()
  for (const {url} of [source, target]) await ask(url, ...schemaFor(sizes), KEY_FOR_HISTORY, 'vacuum analyze')

  const control = await startControl(later)
  const configure = (...args: string[]) => runTool(tool, [...control.options, ...args], control.env)
  await configure('add', 'db', 'here', ...accessTo(source))
  await configure('add', 'db', 'there', ...accessTo(target))
  await configure('add', 'table', ...TABLES.map((name) => `public.${name}`), 'db=here', 'relgroup=bench')
  await configure(
    'add',
    'sync',
    'bench',
    'relgroup=bench',
    'dbs=here:source,there:target',
    'autokick=0',
    'onetimecopy=0',
  )
  const listener = await connect(control.url)
  later(() => listener.end())
  await listener.query('listen bucardo')
  await startDaemon(tool, control, later)
  await awake(listener)
  const kick = () => kicked(listener)
  return {
    name: 'bucardo',
    source,
    target,
    async drain(changes) {
      const before = cpuSeconds(source, target)
      const begun = performance.now()
      await kick()
      const seconds = (performance.now() - begun) / 1000
      const cpu = since(before, cpuSeconds(source, target))
      await ask(source.superuserUrl, ...FORGET_WHAT_WAS_BROUGHT)
      return {seconds, rows: changes, cpuSeconds: cpu}
    },
    async during(work) {
      let over = false
      const kicking = (async () => {
        while (!over) await kick()
      })()
      try {
        return await work()
      } finally {
        over = true
        await kicking
      }
    },
  }
}

/** It goes on when the tool has ended, and would keep its pipes open. */
async function startDaemon(tool: string, {options, env, pidDir}: Control, later: Later): Promise<void> {
  later(() => endDaemon(pidDir))
  const [code] = (await once(spawn(tool, [...options, 'start'], {stdio: 'ignore', env}), 'exit')) as [number | null]
  if (code !== 0) throw new Error(`bucardo start ended with ${code}`)
}

/** The first of its processes would start the others again: it goes first. */
async function endDaemon(pidDir: string): Promise<void> {
  const files = readdirSync(pidDir).filter((name) => name.endsWith('.pid'))
  const inOrder = files.sort((a, b) => Number(b.includes('mcp')) - Number(a.includes('mcp')))
  for (const pid of inOrder.map((file) => parseInt(readFileSync(join(pidDir, file), 'utf8'), 10))) {
    if (isBucardo(pid)) process.kill(pid, 'SIGTERM')
    for (const end = Date.now() + 3000; isBucardo(pid) && Date.now() < end;) await delay(50)
    if (isBucardo(pid)) process.kill(pid, 'SIGKILL')
  }
}

function isBucardo(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('Bucardo')
  } catch {
    return false
  }
}

function accessTo({superuserUrl, port}: Place): string[] {
  const {hostname, username, password, pathname} = new URL(superuserUrl)
  return [`dbname=${pathname.slice(1)}`, `host=${hostname}`, `port=${port}`, `user=${username}`, `pass=${password}`]
}

const SYNC_SECONDS = 1800
const KICK = 'notify bucardo_kick_sync_bench'

/** Says when the next sync is done. */
function done(listener: pg.Client): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (work: () => void) => {
      listener.removeListener('notification', heard)
      clearTimeout(timer)
      work()
    }
    const heard = ({payload}: pg.Notification) => {
      if (payload === 'syncdone_bench') end(resolve)
      if (payload === 'synckill_bench') end(() => reject(new Error('bucardo gave its sync up')))
    }
    const late = () => end(() => reject(new Error(`bucardo did not sync within ${SYNC_SECONDS} s`)))
    const timer = setTimeout(late, SYNC_SECONDS * 1000)
    listener.on('notification', heard)
  })
}

/** Wakes the daemon, and waits until it says that the sync is done. */
async function kicked(listener: pg.Client): Promise<void> {
  const syncing = done(listener)
  await listener.query(KICK)
  await syncing
}

/** A kick that comes before all of its processes are up is lost. */
async function awake(listener: pg.Client): Promise<void> {
  let synced = false
  const first = done(listener).then(() => (synced = true))
  while (!synced) {
    await listener.query(KICK)
    await Promise.race([first, delay(2000)])
  }
  await delay(3000) // for what a second kick has caused
}
