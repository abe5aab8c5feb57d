import {expect} from 'chai'
import type pg from 'pg'

import {createFence, FENCE_TRIGGER, fenceTables, lowerFence, newPass, raiseFence} from '../../src/lib/fence/fence.js'
import {fingerprint} from '../support/asked.js'
import {ask, patience, servers, type Source} from '../support/servers.js'
import {queryOneBy} from '../../src/lib/postgres/query-one.js'

const SCHEMA = `
  create type mood as enum ('good', 'bad');
  create domain cents as bigint check (value >= 0);
  create table items (id bigserial primary key, name text, price cents, mood mood default 'good');
  insert into items (name) select 'item ' || n from generate_series(1, 2000) n;
  create index items_by_name on items (name);
  create table logs (id int, day date not null) partition by range (day);
  create table logs_2025 partition of logs for values from ('2025-01-01') to ('2026-01-01');
  create table logs_2026 (id int, day date not null);
  create table emptied (id int primary key);
  create sequence numbers;
  create table base (a int); create table child (a int);
  create function audit() returns trigger language plpgsql as 'begin return null; end';
  create trigger audit after insert on items for each row execute function audit();
  create materialized view prices as select price from items;
  alter table items add constraint whole check (id <> 0) not valid`

/** What happens in a frozen database without anybody having written past the fence. */
const HARMLESS: Record<string, string> = {
  inserts: "insert into items (name) select 'more' from generate_series(1, 5000)",
  updates: "update items set name = name || '!'",
  deletes: 'delete from items where id % 2 = 0',
  'a write to a partition': "insert into logs values (1, '2025-02-02')",
  'a rolled-back truncate': 'begin; truncate emptied; rollback',
  'rolled-back DDL': 'begin; alter table items add column extra int; create table t (a int); rollback',
  nextval: "select nextval('numbers'), nextval('items_id_seq')",
  setval: "select setval('numbers', 500)",
  vacuum: 'vacuum',
  analyze: 'analyze',
  'vacuum analyze of one table': 'vacuum (analyze) items',
  'vacuum freeze of everything': 'vacuum (freeze)',
  'a temporary table': 'create temporary table mine (id int); insert into mine values (1)',
  'a materialized view refreshed': 'refresh materialized view prices',
  'a constraint validated': 'alter table items validate constraint whole',
  'an index rebuilt': 'reindex index items_by_name',
  'a checkpoint': 'checkpoint',
}

/** DDL by which rows can slip past a fence, or arrive where nobody copies them from. */
const HARMFUL: Record<string, string> = {
  'a new table': 'create table fresh (id int)',
  'a table made from a query': 'create table fresh2 as select * from items',
  'a new schema': 'create schema fresh',
  'a column more': 'alter table items add column extra int default 7',
  'a column less': 'alter table items drop column extra',
  'a column renamed': 'alter table items rename column name to title',
  'a column of another type': 'alter table items alter column title type varchar(200)',
  'a column type that rewrites the values': 'alter table items alter column title type text using upper(title)',
  'a table renamed': 'alter table emptied rename to renamed',
  'a table moved to another schema': 'create schema elsewhere; alter table renamed set schema elsewhere',
  'the fence disabled and enabled in one transaction': `begin; alter table items disable trigger ${FENCE_TRIGGER};
     delete from items; alter table items enable always trigger ${FENCE_TRIGGER}; commit`,
  'all triggers disabled and enabled in one transaction': `begin; alter table items disable trigger user;
     alter table items enable trigger user; alter table items enable always trigger ${FENCE_TRIGGER}; commit`,
  'the fence dropped': `drop trigger ${FENCE_TRIGGER} on items`,
  'a truncate': 'truncate items',
  'a truncate that restarts the sequence': 'truncate items restart identity',
  'a cluster': 'cluster items using items_by_name',
  'a vacuum full': 'vacuum full items',
  'a partition attached': `alter table logs attach partition logs_2026 for values from ('2026-01-01') to ('2027-01-01')`,
  'a partition detached': 'alter table logs detach partition logs_2025',
  inheritance: 'alter table child inherit base',
  'a new value of an enum': "alter type mood add value 'so-so'",
  'a renamed value of an enum': "alter type mood rename value 'bad' to 'awful'",
  'a new type': 'create domain more as int',
  'a constraint more': 'alter table items add constraint positive check (id > 0) not valid',
  'a table made unlogged': 'alter table base set unlogged',
}

describe('the fingerprint of the catalog', () => {
  const both = servers()
  let source: Source
  let owner: pg.Client

  before(async () => {
    source = await both.newSource()
    await ask(source.url, SCHEMA)
    await createFence(source.db)
    await fenceTables(source.db, patience())
    owner = await source.client()
  })

  const run = async (sql: string) => {
    // VACUUM, CHECKPOINT and the like refuse to share a message with others.
    await owner.query(sql)
  }

  describe('stays the same', () => {
    for (const [what, sql] of Object.entries(HARMLESS)) {
      it(`with ${what}`, async () => {
        const before = await fingerprint(source.db)
        expect(before).to.match(/^[0-9a-f]{32}$/)
        if (what === 'a checkpoint') await ask(source.superuserUrl, sql)
        else await run(sql)
        expect(await fingerprint(source.db)).to.equal(before)
      })
    }

    it('when it is read twice, also by another role', async () => {
      const query = (sql: string) => ask(source.superuserUrl, sql)
      const asProvider = {query, queryOne: queryOneBy(query as never)}
      expect(await fingerprint(asProvider as never)).to.equal(await fingerprint(source.db))
    })

    it('while the fence is raised and lowered', async () => {
      const before = await fingerprint(source.db)
      await raiseFence(source.db, newPass(), 'frozen')
      expect(await fingerprint(source.db)).to.equal(before)
      await lowerFence(source.db)
      expect(await fingerprint(source.db)).to.equal(before)
    })

    it('when a superuser vacuums the catalogs and ANALYZE runs on a partitioned table', async () => {
      const before = await fingerprint(source.db)
      await ask(source.superuserUrl, 'vacuum (freeze, analyze)')
      await ask(source.superuserUrl, 'analyze logs')
      await ask(source.superuserUrl, 'analyze base')
      expect(await fingerprint(source.db)).to.equal(before)
    })
  })

  describe('changes', () => {
    for (const [what, sql] of Object.entries(HARMFUL)) {
      it(`with ${what}`, async () => {
        const before = await fingerprint(source.db)
        await run(sql)
        expect(await fingerprint(source.db)).not.to.equal(before)
      })
    }
  })

  it('of an empty database is one, too', async () => {
    const empty = await both.newTarget({journal: false})
    expect(await fingerprint(empty.db)).to.match(/^[0-9a-f]{32}$/)
  })
})
