import {expect} from 'chai'

import {journalOn, targetGuard} from '../../src/lib/journal/journal.js'
import {schemaDumpOf} from '../../src/lib/adapters/pg-dump.js'
import {publisherOf} from '../../src/lib/adapters/replication.js'
import {sourceGuard} from '../../src/lib/fence/claim.js'
import {identityOf} from '../../src/lib/postgres/identity.js'
import {logicalReplication} from '../../src/lib/methods/logical-replication/index.js'
import type {Migration} from '../../src/lib/runbook/migration.js'
import {run} from '../../src/lib/runbook/run.js'
import type {Step} from '../../src/lib/runbook/step.js'
import {claimTarget} from '../../src/lib/runbook/steps/claim-target.js'
import {installFence} from '../../src/lib/runbook/steps/install-fence.js'
import {realClock} from './copy.js'
import {ask, contentsOf, listener, type Source, type Target, until} from './servers.js'
import {silentHeroku} from './healthy.js'

/** Everything that logical replication can carry. */
export const PARENTS = `
  create table parents (id int primary key, code text unique, note text);
  create table children (id bigint generated always as identity primary key, parent int references parents on update cascade on delete cascade, amount numeric, twice numeric generated always as (amount * 2) stored);
  create table whole (a int, b text, j jsonb);
  alter table whole replica identity full;
  create table alternative (email heroku_ext.citext not null unique, n int);
  alter table alternative replica identity using index alternative_email_key;
  create table pairs (a int, b text, v int, primary key (b, a));
  create table moved (id int, at date, v text, primary key (id, at)) partition by range (at);
  create table moved_1 partition of moved for values from ('2024-01-01') to ('2025-01-01');
  create table moved_2 (v text, at date not null, id int not null);
  alter table moved attach partition moved_2 for values from ('2025-01-01') to ('2026-01-01');
  create table parent (id int primary key, v int);
  create table heir (extra text, primary key (id)) inherits (parent);
  create table "We""ird T'able;-- $$" ("Sel;ect" int primary key, "$$" text);
  insert into parents select n, 'c' || n, 'note' from generate_series(1, 100) n;
  insert into children (parent, amount) select 1 + n % 100, n from generate_series(1, 300) n;
  insert into whole select n % 5, 'same', '{"a":1}' from generate_series(1, 30) n;
  insert into alternative select 'User' || n || '@x', n from generate_series(1, 20) n;
  insert into pairs select n, 'b' || n % 3, n from generate_series(1, 50) n;
  insert into moved select n, '2024-06-01', 'v' from generate_series(1, 50) n;
  insert into parent select n, n from generate_series(1, 20) n;
  insert into heir select n, n, 'x' from generate_series(1, 20) n;
  insert into "We""ird T'able;-- $$" values (1, '$$'), (2, null)`

/** What an app may do to it, each in one transaction. */
export const CHANGES: [what: string, sql: string][] = [
  [
    'inserts, updates and deletes',
    `insert into parents values (101, 'n', null); update parents set note = 'u' where id < 10; delete from parents where id = 50`,
  ],
  ['a key that changes, with its cascade', `update parents set id = 1000 where id = 2`],
  [
    'keys and unique values that change places',
    `update pairs set a = -a where a in (1, 4); update pairs set a = case a when -1 then 4 else 1 end where a < 0;
     update parents set code = 'tmp' where id = 10; update parents set code = 'c10' where id = 11; update parents set code = 'c11' where id = 10`,
  ],
  [
    'a row deleted and inserted again',
    `delete from parents where id = 20; insert into parents values (20, 'c20', 'again')`,
  ],
  [
    'a key that is no primary key',
    `insert into alternative values ('USER1@X', 99) on conflict (email) do update set n = excluded.n; update alternative set email = 'USER2@x' where n = 2; delete from alternative where n = 5`,
  ],
  [
    'a savepoint rolled back',
    `insert into parents values (201, 's', null); savepoint a; update parents set note = 'no' where id = 30; rollback to savepoint a`,
  ],
  [
    'rows that are named by all of them',
    `insert into whole values (1, 'same', '{"a":1}'), (9, 'new', null); update whole set b = 'u' where b = 'new'; delete from whole where ctid in (select ctid from whole where a = 2 limit 1)`,
  ],
  ['truncate', `truncate pairs; insert into pairs values (1, 'new', 1)`],
  [
    'truncate with a cascade',
    `truncate parents cascade; insert into parents values (1, 'after', null); insert into children (parent, amount) values (1, 1)`,
  ],
  ['rows that move to another partition', `update moved set at = '2025-06-01' where id % 2 = 0`],
  [
    'rows written to a partition directly',
    `update moved_1 set v = 'direct' where id < 10; insert into moved_2 (id, at, v) values (500, '2025-01-01', 'd'); delete from moved_1 where id = 11`,
  ],
  ['a truncated partition', `truncate moved_1; insert into moved values (600, '2024-02-02', 'after')`],
  [
    'heirs, through their parent',
    `update parent set v = v + 1 where id < 10; delete from parent where id = 15; delete from only parent where id = 16; insert into heir values (100, 1, 'h')`,
  ],
  [
    'a value too large for its row, left alone',
    `update parents set note = repeat(md5('x'), 100000) where id = 1; update parents set code = 'left' where id = 1`,
  ],
  [
    'names that a careless tool takes for something else',
    `update "We""ird T'able;-- $$" set "Sel;ect" = 3 where "Sel;ect" = 2; insert into "We""ird T'able;-- $$" values (4, ';')`,
  ],
]

/** A migration by logical replication between two databases, without Heroku and without a window. */
export async function replicationOf(source: Source, target: Target, signal = new AbortController().signal) {
  const claim = {target: await identityOf(target.db), place: target.db.place, epoch: '1'}
  await target.db.query(`update heroku_rds.migration set epoch = 1`)
  const operator = listener()
  const migration = {
    app: 'shop',
    method: logicalReplication,
    source: source.db,
    target: target.db,
    schemaDump: await schemaDumpOf(source.parts, source.tls, source.major),
    publisher: publisherOf(() => Promise.resolve(source.parts), source.tls),
    journal: journalOn(target.db, 'a test', '1'),
    claim,
    guard: {source: sourceGuard(claim), target: targetGuard('1')},
    operator,
    clock: realClock,
    settings: {caFile: '', gate: 'auto'},
    heroku: silentHeroku,
    signal,
  } as unknown as Migration

  const perform = (steps: readonly Step[], given: Migration = migration) => run(steps, given)
  const preparation = [claimTarget, installFence, ...logicalReplication.before]
  return {
    migration,
    told: operator.told,
    perform,
    /** Everything that `rds:start` does before it follows. */
    start: (given?: Migration) => perform(preparation, given),
    /** The same, up to a step. */
    startBefore: (id: string) =>
      perform(
        preparation.slice(
          0,
          preparation.findIndex((step) => step.id === id),
        ),
      ),
  }
}

/** Waits until both databases hold the same rows; shows the tables that never do. */
export async function untilEqual(source: Source, target: Target): Promise<void> {
  let different: string[] = []
  const compare = async () => {
    const [here, there] = [await contentsOf(source.superuserUrl), await contentsOf(target.superuserUrl)]
    different = [...new Set([...Object.keys(here), ...Object.keys(there)])]
      .filter((table) => here[table] !== there[table])
      .map((table) => `${table}\n${here[table]?.slice(0, 300)}\n–\n${there[table]?.slice(0, 300)}`)
    return different.length === 0
  }
  await until('equal contents', compare).catch(() => undefined)
  expect(different).to.deep.equal([])
}

/** What a replication leaves in the catalogs of both servers. */
export async function tracesOf(source?: Source, target?: Target): Promise<string[]> {
  const ofSource = source
    ? await ask<{name: string}>(
        source.superuserUrl,
        `select 'slot ' || slot_name as name from pg_replication_slots where database = current_database()
         union all select 'publication ' || pubname from pg_publication
         union all select 'heartbeat of the source' where to_regclass('heroku_rds.heartbeat') is not null`,
      )
    : []
  const ofTarget = target
    ? await ask<{name: string}>(
        target.superuserUrl,
        `select 'subscription ' || subname as name from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())
         union all select 'heartbeat of the target' where to_regclass('heroku_rds.heartbeat') is not null`,
      )
    : []
  return [...ofSource, ...ofTarget].map(({name}) => name)
}
