import {expect} from 'chai'

import type {RdsError} from '../../src/lib/ports/errors.js'
import {capturedTables} from '../../src/lib/capture/captured.js'
import {noteVerified, unproven} from '../../src/lib/verify/proof.js'
import {changeCapture} from '../../src/lib/methods/change-capture/index.js'
import {attachConstraintsStep} from '../../src/lib/methods/shared/constraints.js'
import {refreshSchema} from '../../src/lib/methods/change-capture/refresh-schema.js'
import {phaseOf} from '../../src/lib/actions/phase.js'
import {preparationFor} from '../../src/lib/playbook.js'
import {claimTarget} from '../../src/lib/runbook/steps/claim-target.js'
import {installFence} from '../../src/lib/runbook/steps/install-fence.js'
import {refreshDerived} from '../../src/lib/runbook/derived.js'
import {inventoryDifferences} from '../../src/lib/verify/inventory.js'
import {captureOf, verifyWhileLive} from '../support/capture.js'
import {afterFirstTransaction} from '../support/copy.js'
import {ask, contentsOf, definitionsOf, errorOf, servers, type Source, type Target} from '../support/servers.js'
import {forward} from '../../src/lib/runbook/migration.js'

const SCHEMA = `
  create type mood as enum ('good', 'bad');
  create table customers (id int primary key, email text not null unique, note text);
  create table orders (id bigint generated always as identity primary key, customer int references customers, amount numeric, state mood default 'good');
  create table visits (at timestamptz, path text);
  create table days (id int, at date, v text, primary key (id, at)) partition by range (at);
  create table days_1 partition of days for values from ('2025-01-01') to ('2025-02-01');
  create table days_2 partition of days for values from ('2025-02-01') to ('2025-03-01');
  create table loose (id int, v text) partition by list (id);
  create table loose_1 partition of loose for values in (1); create table loose_rest partition of loose default;
  create table old (id serial primary key, v text);
  create table big (id int primary key, v text);
  create index orders_amount on orders (amount);
  create view totals as select customer, sum(amount) as total from orders group by 1;
  create materialized view busy as select customer from orders group by 1; create unique index on busy (customer);
  create function total_of(who int) returns numeric language sql as 'select total from totals where customer = who';
  create function touch() returns trigger language plpgsql as 'begin return new; end'; create trigger touch before update on customers for each row execute function touch();
  insert into customers select n, 'c' || n, 'note' from generate_series(1, 200) n;
  insert into orders (customer, amount) select 1 + n % 200, n from generate_series(1, 500) n;
  insert into visits select now(), 'p' || n % 3 from generate_series(1, 100) n;
  insert into days select n, '2025-01-05', 'v' from generate_series(1, 50) n; insert into days select n, '2025-02-05', 'v' from generate_series(1, 50) n;
  insert into loose select n % 3, 'v' from generate_series(1, 50) n;
  insert into old (v) select 'v' from generate_series(1, 50); insert into big select n, 'v' from generate_series(1, 3000) n; refresh materialized view busy`

/** What a deploy may do while the copy follows; `copied`: the tables whose rows travel again. */
const CHANGES: [what: string, sql: string, copied: string[]][] = [
  ['nothing', 'select', []],
  [
    'a new table',
    `create table fresh (id int primary key, customer int references customers, v text); insert into fresh select n, n, 'v' from generate_series(1, 60) n`,
    ['fresh'],
  ],
  [
    'a new table without a key',
    `create table fresh (v text); insert into fresh values ('a'), ('a'), (null)`,
    ['fresh'],
  ],
  ['a dropped table', 'drop table old', []],
  [
    'a table dropped and made again',
    `drop table old; create table old (id serial primary key, v text, more int); insert into old (v) values ('again')`,
    ['old'],
  ],
  [
    'a new column',
    `alter table customers add phone text not null default 'none'; update customers set phone = '1' where id < 20`,
    ['customers'],
  ],
  [
    'a column that views read, of another type',
    `drop view totals; drop materialized view busy; alter table orders alter customer type bigint; create view totals as select customer, sum(amount) as total, count(*) as n from orders group by 1`,
    ['orders'],
  ],
  [
    'a dropped and a renamed column',
    'alter table customers drop note; alter table customers rename email to address',
    ['customers'],
  ],
  ['a renamed table', 'alter table old rename to former', ['former']],
  ['a generated column', 'alter table orders add twice numeric generated always as (amount * 2) stored', ['orders']],
  ['a check', 'alter table orders add constraint positive check (amount > 0)', ['orders']],
  [
    'a key where there was none',
    'alter table visits add id bigint generated always as identity primary key',
    ['visits'],
  ],
  [
    'another key',
    'alter table old add code uuid not null default gen_random_uuid(); alter table old drop constraint old_pkey; alter table old add primary key (code)',
    ['old'],
  ],
  ['no key any more', 'alter table big drop constraint big_pkey', ['big']],
  [
    'a new partition',
    `create table days_3 partition of days for values from ('2025-03-01') to ('2025-04-01'); insert into days select n, '2025-03-05', 'v' from generate_series(1, 9) n; insert into days_3 values (77, '2025-03-07', 'direct')`,
    ['days_3'],
  ],
  ['a detached partition', 'alter table days detach partition days_1', ['days_1']],
  ['a dropped partition', 'drop table days_1', []],
  [
    'a partition of a tree without a key',
    `create table loose_5 partition of loose for values in (5); insert into loose values (5, 'a'), (5, 'a')`,
    ['loose_5'],
  ],
  ['a column of a tree without a key', 'alter table loose add more int default 4', ['loose_1', 'loose_rest']],
  [
    'a table that becomes a parent',
    `create table heir (more text) inherits (visits); insert into heir values (now(), 'h', 'm'); insert into visits values (now(), 'p')`,
    ['heir', 'visits'],
  ],
  [
    'new labels of a type, at once in use',
    `alter type mood add value 'great' before 'good'; alter type mood add value 'so-so' after 'good'`,
    [],
  ],
  ['a new type', `create type size as enum ('s', 'm'); alter table orders add size size default 'm'`, ['orders']],
  [
    'indexes that came and went',
    'drop index orders_amount; create index orders_state on orders (state, amount); create unique index on customers (lower(email))',
    [],
  ],
  [
    'a unique constraint that came and one that went',
    'alter table customers drop constraint customers_email_key; alter table orders add constraint once unique (customer, amount)',
    [],
  ],
  [
    'a foreign key and a trigger that came and went',
    'alter table orders drop constraint orders_customer_fkey; drop trigger touch on customers; create trigger touch before insert on orders for each row execute function touch()',
    [],
  ],
  [
    'another view and another function',
    `create or replace function total_of(who int) returns numeric language sql as 'select 2 * total from totals where customer = who'; create view names as select email from customers; drop materialized view busy`,
    [],
  ],
  [
    'a new schema',
    `create schema shop; create table shop.items (id int primary key); insert into shop.items values (1), (2)`,
    ['shop.items'],
  ],
  [
    'noting switched off for a while',
    'alter table big disable trigger user; update big set v = v || id; alter table big enable always trigger heroku_rds_capture_update; alter table big enable always trigger heroku_rds_capture_insert; alter table big enable always trigger heroku_rds_capture_delete; alter table big enable always trigger heroku_rds_capture_key; alter table big enable always trigger heroku_rds_capture_truncate; alter table big enable always trigger heroku_rds_fence',
    ['big'],
  ],
]

describe('A change of the schema', function () {
  this.timeout(180_000)
  const both = servers()

  async function followed() {
    const [source, target] = [await both.newSource(), await both.newTarget()]
    await ask(source.url, SCHEMA)
    const capture = await captureOf(source, target)
    await capture.start()
    await verifyWhileLive(capture.migration)
    return {source, target}
  }

  async function expectSameContents(source: Source, target: Target): Promise<void> {
    const [here, there] = [await contentsOf(source.superuserUrl), await contentsOf(target.superuserUrl)]
    expect(Object.keys(there).sort()).to.deep.equal(Object.keys(here).sort())
    for (const [table, rows] of Object.entries(here))
      expect(there[table] === rows, `${table}\n${rows.slice(0, 300)}\n–\n${there[table]!.slice(0, 300)}`).to.equal(true)
  }

  /** Also what the tool does not compare itself: bounds, options, the wording of every definition. */
  async function expectSameDefinitions(source: Source, target: Target): Promise<void> {
    const [objects, copies] = [await definitionsOf(source.superuserUrl), await definitionsOf(target.superuserUrl)]
    expect(copies.filter((line) => !objects.includes(line))).to.deep.equal([])
    expect(objects.filter((line) => !copies.includes(line))).to.deep.equal([])
  }

  const copiedSince = async (target: Target, before: string): Promise<string[]> =>
    (
      await ask<{name: string}>(
        target.superuserUrl,
        `select distinct replace(replace(relation, 'public.', ''), '"', '') as name from (select replace(relation, '"public".', '') as relation from heroku_rds.copy_chunks where copied_at > $1::timestamptz) c order by 1`,
        [before],
      )
    ).map(({name}) => name)

  for (const [what, sql, copied] of CHANGES) {
    it(`is taken in: ${what}`, async () => {
      const {source, target} = await followed()
      await ask(source.url, `insert into big values (-1, 'before'); update customers set id = id where id = 3`)
      await ask(source.url, sql)
      const [{now: before} = {now: ''}] = await ask<{now: string}>(
        target.superuserUrl,
        'select clock_timestamp()::text as now',
      )
      await ask(
        source.url,
        `insert into big values (-2, 'after'); insert into visits (path) values ('after'), ('after')`,
      )

      const capture = await captureOf(source, target) // another run
      await capture.refreshSchema()
      expect(await copiedSince(target, before), 'copied anew').to.deep.equal(copied)
      await ask(
        source.url,
        `insert into big values (-3, 'later'); insert into loose values (1, 'later'); delete from visits where path = 'p1'`,
      )
      await ask(
        source.url,
        `update days set at = at + 32 where at >= '2025-01-05' and at < '2025-02-01'; delete from days where id = 7`,
      )
      if (what.includes('labels'))
        await ask(
          source.url,
          `update orders set state = 'so-so' where id < 50; update orders set state = 'great' where id = 60`,
        )
      await capture.sync()
      const {differences} = await verifyWhileLive(capture.migration)
      expect(differences).to.deep.equal([])
      await refreshDerived(capture.migration)
      await attachConstraintsStep.run(capture.migration)
      await ask(
        target.superuserUrl,
        "do $$ declare k record; begin for k in select conrelid::regclass as t, conname as c from pg_constraint where not convalidated loop execute format('alter table %s validate constraint %I', k.t, k.c); end loop; end $$",
      )
      expect(await inventoryDifferences({from: source.db, to: target.db})).to.deep.equal([])
      await expectSameContents(source, target)
      await expectSameDefinitions(source, target)
    })
  }

  it('is taken in after the run that began it was killed', async () => {
    const {source, target} = await followed()
    await ask(
      source.url,
      `alter table customers add phone text; create table fresh (v text); insert into fresh values ('a'); drop table old`,
    )
    for (const side of ['source', 'target'] as const) {
      const dying = await captureOf(source, target)
      Object.assign(dying.migration.guard, {
        [side]: `do $$ begin raise exception using errcode = 'HR999', message = 'dies here'; end $$`,
      })
      expect((await errorOf(dying.refreshSchema())).message).to.match(/dies here$/)
      expect((await errorOf<RdsError>((await captureOf(source, target)).start())).code).to.equal('schema_changed')
    }
    const dying = await captureOf(source, target)
    dying.migration.journal.setNote = () => Promise.reject(new Error('dies late'))
    expect((await errorOf(dying.perform([refreshSchema]))).message).to.equal('dies late')
    await ask(source.url, `insert into customers values (1000, 'late'); insert into fresh values ('b')`)
    const capture = await captureOf(source, target)
    await capture.refreshSchema()
    await capture.sync()
    expect((await verifyWhileLive(capture.migration)).differences).to.deep.equal([])
    await refreshDerived(capture.migration)
    await expectSameContents(source, target)
  })

  it('is taken in when it came in the middle of the copy', async () => {
    const [source, target] = [await both.newSource(), await both.newTarget()]
    await ask(source.url, SCHEMA)
    const dying = await captureOf(source, target)
    const copyRows = changeCapture.before.findIndex(({id}) => id === 'copy-rows')
    await dying.perform([claimTarget, installFence, ...changeCapture.before.slice(0, copyRows)])
    afterFirstTransaction(source.db, () => ask(source.url, 'alter table customers drop note; drop table old'))
    const error = await errorOf<RdsError>(dying.perform([changeCapture.before[copyRows]!]))
    expect(error.code, error.message).to.equal('schema_changed')
    expect(error.message).to.match(/- .*old/)
    const capture = await captureOf(source, target)
    await capture.refreshSchema()
    await capture.sync()
    await refreshDerived(capture.migration)
    await expectSameContents(source, target)
  })

  it('is taken in without a proof: neither an older verification nor one that began before it counts for what was taken in', async () => {
    const {source, target} = await followed()
    const [{nth} = {nth: ''}] = await ask<{nth: string}>(
      target.superuserUrl,
      'select nth::text from heroku_rds.sync_state',
    )
    await ask(source.url, `create table days_3 partition of days for values from ('2025-03-01') to ('2025-04-01')`)
    const capture = await captureOf(source, target)
    await capture.refreshSchema()
    await capture.sync()
    const days = (await capturedTables(forward(capture.migration))).tables.find(({name}) => name === '"public"."days"')!
    await noteVerified(target.db, [{table: days, rows: 100n}], nth)
    expect([...(await unproven(target.db, 24))]).to.deep.equal([days.oid])
    await verifyWhileLive(capture.migration)
    expect([...(await unproven(target.db, 24))]).to.deep.equal([])
  })

  it('leaves the copy unfinished until what it brought is there', async () => {
    const {source, target} = await followed()
    await ask(source.url, "alter type mood rename value 'bad' to 'sad'; alter table big add more int")
    const {migration, perform} = await captureOf(source, target)
    for (const {id} of preparationFor(changeCapture)) await migration.journal.foundDone(id)
    const phase = () => phaseOf(changeCapture, migration.journal)
    expect(await phase()).to.equal('following')
    expect((await errorOf<RdsError>(perform([refreshSchema]))).code).to.equal('schema_differs')
    expect(await phase()).to.equal('copying')
  })

  it('that no sync notices is named before the window, though every row was verified', async () => {
    const {source, target} = await followed()
    const {perform} = await captureOf(source, target)
    const changes: [sql: string, undo: string, told: RegExp][] = [
      [`comment on table orders is 'new'`, 'comment on table orders is null', /comment on table public.orders/],
      ['create index late on orders (state)', 'drop index late', /index late/],
      ['create policy late on orders', 'drop policy late on orders', /policy late/],
      ['alter function total_of stable', 'alter function total_of volatile', /total_of.* stable/],
      [
        `alter table orders add unique (state, id)`,
        'alter table orders drop constraint orders_state_id_key',
        /_key .* u/,
      ],
    ]
    for (const [sql, undo, told] of changes) {
      await ask(source.url, sql)
      const error = await errorOf<RdsError>(perform(changeCapture.ready))
      expect(error.code).to.equal('not_equal')
      expect(error.message).to.match(told)
      expect(error.suggestions.join()).to.contain('rds:start --refresh-schema')
      await ask(source.url, undo)
    }
    await perform(changeCapture.ready)
  })

  it('that cannot be taken in is named, with what to do', async () => {
    const {source, target} = await followed()
    const capture = await captureOf(source, target)
    await ask(source.url, `alter type mood rename value 'bad' to 'sad'`)
    const error = await errorOf<RdsError>(capture.refreshSchema())
    expect(error.code).to.equal('schema_differs')
    expect(error.message).to.include('mood').and.to.include('sad')
    await ask(target.url, `alter type mood rename value 'bad' to 'sad'`)
    await ask(source.url, `update orders set state = 'sad' where id < 9`)
    await capture.start()
    await capture.sync()
    expect((await verifyWhileLive(capture.migration)).differences).to.deep.equal([])
  })
})
