import {expect} from 'chai'

import {captureOf} from '../support/capture.js'
import {ask, contentsOf, schemaFile, servers, type Source, type Target} from '../support/servers.js'

/** Both, table by table; whole contents are shown only where they differ. */
async function expectEqual(source: Source, target: Target): Promise<void> {
  const [here, there] = [await contentsOf(source.superuserUrl), await contentsOf(target.superuserUrl)]
  expect(Object.keys(there).sort()).to.deep.equal(Object.keys(here).sort())
  for (const [table, rows] of Object.entries(here)) {
    expect(there[table] === rows, `${table}\n${rows.slice(0, 1500)}\n–\n${there[table]!.slice(0, 1500)}`).to.equal(true)
  }
}

const PARENTS = `
  create table parents (id int primary key, code text unique, note text);
  create table children (id bigint generated always as identity primary key, parent int references parents on update cascade on delete cascade, amount numeric, twice numeric generated always as (amount * 2) stored);
  create table keyless (a int, b text, j json);
  create table alternative (email heroku_ext.citext not null unique, n int);
  create table pairs (a int, b text, v int, primary key (b, a));
  create table moved (id int, at date, v text, primary key (id, at)) partition by range (at);
  create table moved_1 partition of moved for values from ('2024-01-01') to ('2025-01-01');
  create table moved_2 (v text, at date not null, id int not null);
  alter table moved attach partition moved_2 for values from ('2025-01-01') to ('2026-01-01');
  create table unkeyed (id int, at date) partition by range (at);
  create table unkeyed_1 partition of unkeyed for values from ('2024-01-01') to ('2025-01-01');
  create table unkeyed_2 partition of unkeyed default;
  create table parent (id int primary key, v int);
  create table heir (extra text, primary key (id)) inherits (parent);
  create table "We""ird T'able;-- $$" ("Sel;ect" int primary key, "$$" text);
  insert into parents select n, 'c' || n, 'note' from generate_series(1, 100) n;
  insert into children (parent, amount) select 1 + n % 100, n from generate_series(1, 300) n;
  insert into keyless select n % 5, 'same', '{"a":1}' from generate_series(1, 30) n;
  insert into alternative select 'User' || n || '@x', n from generate_series(1, 20) n;
  insert into pairs select n, 'b' || n % 3, n from generate_series(1, 50) n;
  insert into moved select n, '2024-06-01', 'v' from generate_series(1, 50) n;
  insert into unkeyed select n % 7, case when n % 2 = 0 then '2024-05-05' else '2030-01-01' end::date from generate_series(1, 50) n;
  insert into parent select n, n from generate_series(1, 20) n;
  insert into heir select n, n, 'x' from generate_series(1, 20) n;
  insert into "We""ird T'able;-- $$" values (1, '$$'), (2, null)`

/** What an app may do, each in one transaction. */
const CHANGES: [what: string, sql: string][] = [
  [
    'inserts, updates and deletes',
    `insert into parents values (101, 'n', null); update parents set note = 'u' where id < 10; delete from parents where id = 50`,
  ],
  ['a key that changes, with its cascade', `update parents set id = 1000 where id = 2`],
  [
    'keys that change places',
    `update pairs set a = -a where a in (1, 4); update pairs set a = case a when -1 then 4 else 1 end where a < 0`,
  ],
  [
    'unique values that change places',
    `update parents set code = 'tmp' where id = 10; update parents set code = 'c10' where id = 11; update parents set code = 'c11' where id = 10`,
  ],
  [
    'a row deleted and inserted again',
    `delete from parents where id = 20; insert into parents values (20, 'c20', 'again')`,
  ],
  ['on conflict', `insert into alternative values ('USER1@X', 99) on conflict (email) do update set n = excluded.n`],
  ['a key whose spelling changes', `update alternative set email = 'USER2@x' where n = 2`],
  [
    'a savepoint rolled back',
    `insert into parents values (201, 's', null); savepoint a; update parents set note = 'no' where id = 30; insert into keyless values (99, 'no', null); rollback to savepoint a`,
  ],
  [
    'rows without a key, doubled ones among them',
    `insert into keyless values (1, 'same', '{"a":1}'), (1, 'same', '{"a":1}'); delete from keyless where ctid in (select ctid from keyless where a = 2 limit 3); update keyless set b = 'u' where a = 3`,
  ],
  ['truncate', `truncate pairs; insert into pairs values (1, 'new', 1)`],
  [
    'truncate of rows without a key, between writes',
    `insert into keyless values (7, 'before', null); truncate keyless; insert into keyless values (8, 'after', null)`,
  ],
  ['rows that move to another partition', `update moved set at = '2025-06-01' where id % 2 = 0`],
  [
    'rows written to a partition directly',
    `update moved_1 set v = 'direct' where id < 10; insert into moved_2 (id, at, v) values (500, '2025-01-01', 'd'); delete from moved_1 where id = 11; update moved_1 set id = 700 where id = 13`,
  ],
  ['a truncated partition', `truncate moved_1; insert into moved values (600, '2024-02-02', 'after')`],
  [
    'partitions without a key',
    `update unkeyed set at = '2024-07-07' where id = 1; insert into unkeyed values (1, '2024-01-01'); delete from unkeyed where id = 2`,
  ],
  [
    'a truncated tree without a key',
    `truncate unkeyed; insert into unkeyed values (9, '2024-01-01'), (9, '2024-01-01')`,
  ],
  [
    'heirs, through their parent',
    `update parent set v = v + 1 where id < 10; delete from parent where id = 15; delete from only parent where id = 16; insert into heir values (100, 1, 'h')`,
  ],
  ['a truncated parent', `truncate parent; insert into parent values (1, 1)`],
  [
    'names that a careless tool takes for something else',
    `update "We""ird T'able;-- $$" set "Sel;ect" = 3 where "Sel;ect" = 2; insert into "We""ird T'able;-- $$" values (4, ';')`,
  ],
  [
    'copy and a writable CTE',
    `with gone as (delete from children where id < 20 returning parent) insert into keyless select parent, 'cte', null from gone`,
  ],
  ['nothing', 'update parents set note = note where false'],
]

describe('Capture', () => {
  const both = servers()

  describe('brings over', () => {
    let source: Source
    let target: Target
    let capture: Awaited<ReturnType<typeof captureOf>>

    before(async () => {
      source = await both.newSource({credentials: ['other']})
      await ask(source.url, PARENTS)
      target = await both.newTarget()
      capture = await captureOf(source, target)
      await capture.start()
      await expectEqual(source, target)
    })

    for (const [what, sql] of CHANGES) {
      it(what, async () => {
        await ask(source.url, `begin; ${sql}; commit`)
        await capture.sync()
        await expectEqual(source, target)
        const again = await capture.sync()
        expect({entries: again.entries, rows: again.rows}).to.deep.equal({entries: 0, rows: 0})
      })
    }

    it('what another credential writes, which cannot read the log', async () => {
      await ask(source.credentials['other']!.url, `update parents set note = 'by another' where id < 5`)
      await capture.sync()
      await expectEqual(source, target)
    })
  })

  describe('takes every table of', () => {
    for (const name of ['keys', 'names', 'types', 'tables', 'code']) {
      it(name, async () => {
        const [source, target] = [await both.newSource(), await both.newTarget()]
        await ask(source.url, schemaFile(name))
        const capture = await captureOf(source, target)
        await capture.start()
        await capture.sync()
        const {rows} = {
          rows: await ask<{name: string; column: string}>(
            source.url,
            `
          select format('%I.%I', n.nspname, c.relname) as name, (select quote_ident(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
            and not a.attisdropped and a.attgenerated = '' and a.attidentity <> 'a' order by attnum limit 1) as column
          from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname !~ '^pg_|information_schema|heroku|_heroku'`,
          ),
        }
        for (const {name: table, column} of rows.filter((row) => row.column)) {
          await ask(source.url, `update only ${table} set ${column} = ${column}`).catch(() => undefined)
        }
        await capture.sync()
        const [here, there] = [await contentsOf(source.superuserUrl), await contentsOf(target.superuserUrl)]
        for (const table of Object.keys(there)) if (!(table in here)) expect.fail(table)
        for (const [table, contents] of Object.entries(here)) {
          if (table in there)
            expect(
              there[table] === contents,
              `${table}\n${contents.slice(0, 600)}\n–\n${there[table]!.slice(0, 600)}`,
            ).to.equal(true)
        }
      })
    }
  })
})
