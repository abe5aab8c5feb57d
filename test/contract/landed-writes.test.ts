import {finished} from 'node:stream/promises'

import {expect} from 'chai'
import type pg from 'pg'
import {from as copyFrom} from 'pg-copy-streams'

import {detachConstraints} from '../../src/lib/copy/detach-constraints.js'
import {createFence, fenceTables, lowerFence, newPass, passFence} from '../../src/lib/fence/fence.js'
import {landedWrites} from '../support/asked.js'
import {
  describeWrites,
  LAST_LANDED,
  prepareToWatch,
  unwatchedTables,
  WATCH,
  watchTables,
} from '../../src/lib/fence/landed-writes.js'
import type {Database} from '../../src/lib/ports/ports.js'
import {everyAnswer} from '../../src/lib/postgres/answers.js'
import {ask, codeOf, patience, servers, type Target} from '../support/servers.js'

const SCHEMA = `
  create table items (id int primary key, name text, hits int not null default 0);
  insert into items select n, 'item ' || n from generate_series(1, 20) n;
  create table parts (id int primary key, item_id int references items on delete cascade on update cascade);
  insert into parts select n, 1 + n % 5 from generate_series(1, 20) n;
  create table logs (id int, day date not null) partition by range (day);
  create table logs_2025 partition of logs for values from ('2025-01-01') to ('2026-01-01');
  create table logs_other partition of logs default;
  insert into logs values (1, '2025-05-05'), (2, '2030-01-01');
  create table base (a int); create table derived (b int) inherits (base); insert into derived values (1, 2);
  create view item_names as select id, name from items;
  create function audit() returns trigger language plpgsql as 'begin insert into "Audit; trail" values (1); return null; end';
  create table "Audit; trail" (n int);
  create trigger audit after insert on logs_2025 for each row execute function audit();
  create rule r as on delete to base do also nothing`

/** Each with what the log must say, and nothing beside it. Run in order, each on what the ones before left. */
const WRITES: [what: string, sql: string, landed: string][] = [
  [
    'an insert of some rows',
    'insert into items select n from generate_series(101, 103) n',
    'public.items: insert of 3 rows',
  ],
  ['an update', "update items set name = 'x' where id > 100", 'public.items: update of 3 rows'],
  ['a delete', 'delete from items where id = 103', 'public.items: delete of 1 rows'],
  ['an update of a key', 'update items set id = 104 where id = 102', 'public.items: update of 1 rows'],
  [
    'an upsert',
    'insert into items values (101), (105) on conflict (id) do update set hits = 5',
    'public.items: insert of 1 rows, public.items: update of 1 rows',
  ],
  [
    'a merge',
    `merge into items using (values (105), (106)) v (id) on items.id = v.id
       when matched then delete when not matched then insert values (v.id)`,
    'public.items: delete of 1 rows, public.items: insert of 1 rows',
  ],
  [
    'a delete that cascades',
    'delete from items where id = 1',
    'public.items: delete of 1 rows, public.parts: delete of 4 rows',
  ],
  [
    'an update that cascades',
    'update items set id = 1000 where id = 2',
    'public.items: update of 1 rows, public.parts: update of 4 rows',
  ],
  [
    'an insert into a partitioned table, whose trigger writes elsewhere',
    "insert into logs values (3, '2025-06-06'), (4, '2033-01-01')",
    'public."Audit; trail": insert of 1 rows, public.logs: insert of 2 rows',
  ],
  [
    'a direct insert into a partition',
    "insert into logs_other values (5, '2044-01-01')",
    'public.logs_other: insert of 1 rows',
  ],
  ['an update through the parent of a child', 'update base set a = 7', 'public.base: update of 1 rows'],
  ['a direct write to a child table', 'insert into derived values (5, 6)', 'public.derived: insert of 1 rows'],
  ['a write through a view', "update item_names set name = 'v' where id = 3", 'public.items: update of 1 rows'],
  [
    'a writable CTE',
    'with gone as (delete from items where id = 4 returning id) insert into "Audit; trail" select id from gone',
    'public."Audit; trail": insert of 1 rows, public.items: delete of 1 rows, public.parts: delete of 4 rows',
  ],
  [
    'two writes of one kind',
    'insert into items values (201); insert into items values (202), (203)',
    'public.items: insert of 3 rows',
  ],
  [
    'a write kept by a savepoint, beside one rolled back to it',
    'begin; insert into items values (301); savepoint s; insert into items values (302); rollback to s; commit',
    'public.items: insert of 1 rows',
  ],
  ['a truncate', 'truncate "Audit; trail"', 'public."Audit; trail": truncate'],
  ['a truncate that cascades', 'truncate items cascade', 'public.items: truncate, public.parts: truncate'],
]

const NO_WRITES: Record<string, string> = {
  'an update of no row': 'update items set hits = 1 where false',
  'a delete of no row': 'delete from parts where id = -1',
  'an insert of no row': 'insert into items select 1 where false',
  'an upsert that does nothing': 'insert into items values (7) on conflict do nothing',
  'a read': 'select * from items for update',
  'rolled-back work': 'begin; insert into items values (999); truncate logs; update items set hits = 3; rollback',
  'a call of a sequence': "create temporary sequence s; select nextval('s')",
  'a temporary table': 'create temporary table mine (a int); insert into mine values (1)',
  'an analyze': 'analyze',
  'a vacuum': 'vacuum',
}

describe('the log of writes that landed on RDS', () => {
  const both = servers()
  let target: Target
  let app: pg.Client

  before(async () => {
    target = await both.newTarget()
    await ask(target.url, SCHEMA)
    app = await target.client()
  })

  const lastLanded = async (db: Database) => (await everyAnswer(db, {last: LAST_LANDED})).last

  /** As a window does. */
  const watchWrites = async (db: Database) => {
    await db.query(WATCH)
    await watchTables(db, await unwatchedTables(db), '')
  }

  const since = async (mark: string) => describeWrites(await landedWrites(target.db, mark))

  it('is installed on every table once', async () => {
    expect(await unwatchedTables(target.db)).to.have.lengthOf(8)
    await watchWrites(target.db)
    expect(await unwatchedTables(target.db)).to.deep.equal([])
    await watchWrites(target.db)
    expect(await landedWrites(target.db)).to.deep.equal([])
    expect(await lastLanded(target.db)).to.equal('0')
  })

  for (const [what, sql, landed] of WRITES) {
    it(`holds ${what}`, async () => {
      const mark = await lastLanded(target.db)
      await app.query(sql)
      expect(await since(mark)).to.equal(landed)
      expect(BigInt(await lastLanded(target.db)) > BigInt(mark)).to.equal(true)
      expect(await since(await lastLanded(target.db))).to.equal('')
    })
  }

  it('holds what COPY brought', async () => {
    const mark = await lastLanded(target.db)
    const stream = app.query(copyFrom('copy items (id) from stdin'))
    stream.end('7\n8\n9\n')
    await finished(stream)
    expect(await since(mark)).to.equal('public.items: insert of 3 rows')
  })

  for (const [what, sql] of Object.entries(NO_WRITES)) {
    it(`does not hold ${what}`, async () => {
      const mark = await lastLanded(target.db)
      await app.query(sql)
      expect(await since(mark)).to.equal('')
      expect(await lastLanded(target.db)).to.equal(mark)
    })
  }

  it('holds the writes of another credential, which may not touch the log itself', async () => {
    await ask(
      target.masterUrl,
      `create role reports login password 'reports'; set role ${JSON.stringify(target.role)}; grant all on items to reports`,
    )
    const url = new URL(target.url)
    Object.assign(url, {username: 'reports', password: 'reports'})
    const mark = await lastLanded(target.db)
    await ask(url.href, 'insert into items values (400)')
    expect(await since(mark)).to.equal('public.items: insert of 1 rows')
    expect(await codeOf(ask(url.href, 'delete from heroku_rds.landed_writes'))).to.equal('42501')
  })

  it('holds writes by sessions whose own triggers are off', async () => {
    const mark = await lastLanded(target.db)
    await ask(target.superuserUrl, 'set session_replication_role = replica; insert into items values (401)')
    expect(await since(mark)).to.equal('public.items: insert of 1 rows')
  })

  it('holds no write that the fence refused, but those of the holder of the key', async () => {
    const key = newPass()
    await createFence(target.db, {pass: key, message: 'not open yet'})
    await fenceTables(target.db, patience())
    const mark = await lastLanded(target.db)
    expect(await codeOf(app.query('insert into items values (500)'))).to.equal('25006')
    expect(await since(mark)).to.equal('')
    await target.db.transaction(async (session) => {
      await passFence(session, key)
      await session.query('insert into public.items values (501)')
    })
    expect(await since(mark)).to.equal('public.items: insert of 1 rows')
    await lowerFence(target.db)
  })

  it('can be prepared beforehand, where nobody is in the way: nothing is logged until it is switched on, without a lock', async () => {
    const fresh = await both.newTarget()
    await ask(fresh.url, 'create table items (id int primary key); create table held (id int)')
    const triggers = () =>
      fresh.db.query(
        `select tgrelid::regclass::text as "on", string_agg(tgenabled::text, '') as states from pg_trigger where not tgisinternal group by 1 order by 1`,
      )
    const holder = await fresh.client()
    await holder.query('begin; lock table held')
    await prepareToWatch(fresh.db, '')
    await holder.query('rollback')
    expect(await triggers()).to.deep.equal([{on: 'public.items', states: 'AAAA'}])
    await ask(fresh.url, 'insert into items values (1); insert into held values (1)')
    await detachConstraints(fresh.db, '')
    expect(await triggers()).to.deep.equal([{on: 'public.items', states: 'AAAA'}])
    expect(await landedWrites(fresh.db)).to.deep.equal([])

    await holder.query('begin; lock table items in share update exclusive mode')
    await watchWrites(fresh.db)
    await holder.query('rollback')
    await ask(fresh.url, 'insert into items values (2); truncate held')
    expect(describeWrites(await landedWrites(fresh.db))).to.equal(
      'public.held: truncate, public.items: insert of 1 rows',
    )

    await detachConstraints(fresh.db, '')
    expect(await triggers()).to.deep.equal([])
    const mark = await lastLanded(fresh.db)
    await prepareToWatch(fresh.db, '')
    await ask(fresh.url, 'insert into items values (3)')
    expect(await landedWrites(fresh.db, mark)).to.deep.equal([])
  })

  it('holds a write whatever became of what else is kept of syncs', async () => {
    const mark = await lastLanded(target.db)
    await target.db.query(
      'create table heroku_rds.kept as table heroku_rds.sync_state; delete from heroku_rds.sync_state',
    )
    await app.query('insert into items values (4711)')
    expect(await since(mark)).to.equal('public.items: insert of 1 rows')
    await target.db.query('insert into heroku_rds.sync_state table heroku_rds.kept; drop table heroku_rds.kept')
  })

  it('finds a table made later, and one whose logging was switched off', async () => {
    await app.query('create table later (id int)')
    expect(await unwatchedTables(target.db)).to.deep.equal(['"public"."later"'])
    await watchWrites(target.db)
    await app.query('alter table items disable trigger heroku_rds_note_update')
    expect(await unwatchedTables(target.db)).to.deep.equal(['"public"."items"'])
    await watchWrites(target.db)
    expect(await unwatchedTables(target.db)).to.deep.equal([])
  })
})
