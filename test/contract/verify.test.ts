import {expect} from 'chai'

import {compareFrozen} from '../../src/lib/verify/frozen.js'
import {describeDifferences} from '../../src/lib/verify/locate.js'
import {inventoryDifferences} from '../../src/lib/verify/inventory.js'
import {everyAnswer} from '../../src/lib/postgres/answers.js'
import {MATERIALIZED_VIEWS} from '../../src/lib/verify/materialized-views.js'
import {keepingSequences, lateSequences, moveSequences, sequencePositions} from '../../src/lib/verify/sequences.js'
import {compare, copyOf, realClock} from '../support/copy.js'
import {ask, errorOf, listener, sequencesOf, servers, type Source, type Target} from '../support/servers.js'

const SCHEMA = `
  create type mood as enum ('good', 'bad');
  create domain cents as bigint check (value >= 0);
  create table items (id int primary key, name text not null, hits int default 0, doc jsonb, at timestamptz, mood mood);
  insert into items select n, 'item ' || n, n, '{"a": 1}', '2024-01-01', 'good' from generate_series(1, 1000) n;
  create index items_by_name on items (name);
  create table parts (id bigserial primary key, item int constraint parts_item references items, price cents, constraint positive check (id > 0));
  insert into parts (item, price) select n, n from generate_series(1, 50) n;
  create table keyless (a int, b text);
  insert into keyless select n % 3, 'same' from generate_series(1, 30) n;
  create table t (id int, t text, note text);
  insert into t select n, 'constant', 'note ' || n from generate_series(1, 5) n;
  create table logs (id int, day date not null) partition by range (day);
  create table logs_2025 partition of logs for values from ('2025-01-01') to ('2026-01-01');
  create table logs_other partition of logs default;
  insert into logs values (1, '2025-05-05'), (2, '2030-01-01');
  create view names as select name from items;
  create materialized view hits as select sum(hits) from items;
  create function audit() returns trigger language plpgsql as 'begin return null; end';
  create function twice(int) returns int language sql as 'select $1 * 2';
  create trigger audit after insert on items for each row execute function audit();
  create rule quiet as on delete to keyless do instead nothing;
  alter table t enable row level security;
  create policy few on t using (id > 0);
  create sequence numbers; select setval('numbers', 700);
  create sequence down increment -1; select nextval('down'), nextval('down')`

/** Damage to the target, and what the verification must say. */
const DAMAGE: [what: string, sql: string, told: RegExp][] = [
  [
    'one changed value',
    'update items set hits = hits + 1 where id = 500',
    /^"public"."items" \(500\): "hits" differs$/,
  ],
  ['one missing row', 'delete from items where id = 999', /^"public"."items" \(999\) is missing on the target$/],
  ['one row more', "insert into keyless values (9, 'extra')", /"keyless" \(9,extra\) is only on the target/],
  [
    'a doubled row in place of another',
    'update keyless set a = 1 where ctid = (select min(ctid) from keyless where a = 0)',
    /"keyless" \(1,same\) is only on the target/,
  ],
  [
    'values swapped between two rows',
    "update items set name = case id when 7 then 'item 8' else 'item 7' end where id in (7, 8)",
    /"items" \(7\): "name" differs/,
  ],
  [
    'values swapped between two columns',
    'update parts set item = price, price = item where id = 1; update parts set price = 3, item = 2 where id = 2',
    /"parts" \(2\): "price" differs/,
  ],
  ['null in place of an empty object', 'update items set doc = null where id = 3', /"items" \(3\): "doc" differs/],
  [
    "'null' in place of null",
    "update keyless set b = 'null' where ctid = (select min(ctid) from keyless)",
    /"keyless" \(.*,null\) is only on the target/,
  ],
  ['an empty string in place of a value', "update items set name = '' where id = 4", /"items" \(4\): "name" differs/],
  [
    'a difference of a microsecond',
    "update items set at = at + interval '1 microsecond' where id = 5",
    /"items" \(5\): "at" differs/,
  ],
  [
    'a changed value of a partition',
    'update logs_other set id = 3',
    /"logs_other" \(3,2030-01-01\) is only on the target/,
  ],
  [
    'a row in the wrong partition',
    "delete from logs where id = 2; insert into logs values (2, '2025-01-01')",
    /"logs_2025" \(2,2025-01-01\) is only on the target/,
  ],
  [
    'a changed value beside a column called like an alias',
    "update t set note = 'damaged' where id = 2",
    /"public"."t" \(2,.*\) is missing on the target/,
  ],
  ['an emptied table', 'truncate keyless', /"keyless" \(2,same\) is missing on the target/],
  ['a sequence behind', "select setval('numbers', 699)", /^sequence "public"."numbers" has not reached 700$/],
  ['a descending sequence behind', "select setval('down', -1)", /^sequence "public"."down" has not reached -2$/],
  ['a sequence of a column behind', "select setval('parts_id_seq', 50, false)", /sequence "public"."parts_id_seq"/],
  ['a sequence missing', 'drop sequence numbers', /only on the source: sequence public.numbers/],
  ['an index dropped', 'drop index items_by_name', /only on the source: index .*items_by_name/],
  [
    'an index of another kind',
    'drop index items_by_name; create index items_by_name on items using hash (name)',
    /only on the target: index .*items_by_name.*hash/i,
  ],
  [
    'a primary key missing',
    'alter table parts drop constraint parts_pkey',
    /only on the source: constraint parts_pkey on public.parts p/,
  ],
  [
    'a constraint that is not valid',
    'alter table parts drop constraint parts_item; alter table parts add constraint parts_item foreign key (item) references items not valid',
    /only on the target: constraint parts_item on public.parts f .* not valid$/,
  ],
  [
    'a check constraint missing',
    'alter table parts drop constraint positive',
    /only on the source: constraint positive on public.parts c/,
  ],
  ['a check of a domain missing', 'alter domain cents drop constraint cents_check', /cents/],
  [
    'a trigger disabled',
    'alter table items disable trigger audit',
    /only on the target: trigger audit on public.items D/,
  ],
  ['a trigger missing', 'drop trigger audit on items', /only on the source: trigger audit on public.items O/],
  ['a function missing', 'drop function twice', /only on the source: function public.twice\(integer\)/],
  [
    'a function with another body',
    "create or replace function twice(int) returns int language sql as 'select $1 * 3'",
    /twice/,
  ],
  ['a view missing', 'drop view names', /only on the source: view public.names/],
  ['a materialized view missing', 'drop materialized view hits', /only on the source: materialized view public.hits/],
  ['a rule missing', 'drop rule quiet on keyless', /only on the source: rule quiet on public.keyless/],
  ['a policy missing', 'drop policy few on t', /only on the source: policy few on public.t/],
  [
    'row-level security switched off',
    'alter table t disable row level security',
    /row.level security|row security|public\.t/i,
  ],
  [
    'a column nullable',
    'alter table items alter name drop not null',
    /only on the source: column public.items.name text not null/,
  ],
  [
    'a column of another type',
    'alter table parts alter item type bigint',
    /only on the target: column public.parts.item bigint/,
  ],
  [
    'a default missing',
    'alter table items alter hits drop default',
    /only on the source: column public.items.hits integer default/,
  ],
  [
    'a value of an enum more',
    "alter type mood add value 'so-so'",
    /only on the target: type public.mood e 'good','bad','so-so'/,
  ],
  [
    'a partition detached',
    'alter table logs detach partition logs_2025',
    /only on the source: partition public.logs_2025 of public.logs/,
  ],
  [
    'a table that a crash would empty',
    'alter table keyless set unlogged',
    /only on the target: table public.keyless unlogged/,
  ],
  [
    'a view with other options',
    'alter view names set (security_barrier)',
    /target: view public.names with security_barrier/,
  ],
  [
    'a function of another kind',
    'alter function twice immutable strict',
    /target: function public.twice.* immutable strict/,
  ],
  [
    'a function with other rights',
    'alter function twice security definer',
    /target: function public.twice.* security definer/,
  ],
  [
    'a function with settings',
    'alter function twice set search_path = pg_temp',
    /target: .*twice.* set search_path=pg_temp/,
  ],
  [
    'a trigger at another time',
    'drop trigger audit on items; create trigger audit before insert on items for each row execute function audit()',
    /only on the target: trigger audit on public.items O: .* BEFORE INSERT/,
  ],
  [
    'a policy for another command',
    'drop policy few on t; create policy few on t for select using (id > 0)',
    /only on the target: policy few on public.t permissive for select to public using/,
  ],
  [
    'a rule beside the statement',
    'drop rule quiet on keyless; create rule quiet as on delete to keyless do also nothing',
    /only on the target: rule quiet on public.keyless on delete do also/,
  ],
  [
    'a foreign key with another action',
    `alter table parts drop constraint parts_item;
     alter table parts add constraint parts_item foreign key (item) references items on delete cascade`,
    /only on the target: constraint parts_item on public.parts f .* ON DELETE CASCADE$/,
  ],
  [
    'a sequence that nobody owns',
    'alter sequence parts_id_seq owned by none',
    /only on the source: sequence public.parts_id_seq .* owned by public.parts.id/,
  ],
  [
    'a domain with a default',
    'alter domain cents set default 7',
    /only on the target: type public.cents d bigint default 7/,
  ],
  [
    'a partition with other bounds',
    `alter table logs detach partition logs_2025;
     alter table logs attach partition logs_2025 for values from ('2025-01-01') to ('2025-12-01')`,
    /only on the target: partition public.logs_2025 of public.logs FOR VALUES .*2025-12-01/,
  ],
  ['values stored otherwise', 'alter table t alter note set storage external', /column public.t.note text storage e/],
  ['a table more', 'create table extra (id int)', /only on the target: table public.extra/],
]

describe('the verification', () => {
  const both = servers()
  let source: Source
  let target: Target

  before(async () => {
    source = await both.newSource()
    await ask(source.url, SCHEMA)
    target = await both.newTarget()
    await copyOf(source, target).everything()
  })

  async function differences(damaged = target): Promise<string[]> {
    const contents = await compare({source, target: damaged}).catch(() => ({
      differences: [],
    }))
    return [
      ...(await inventoryDifferences({from: source.db, to: damaged.db})),
      ...lateSequences(await sequencePositions(source.db), await sequencePositions(damaged.db)),
      ...describeDifferences(contents.differences, 10, {showRows: true}),
    ]
  }

  it('finds a whole copy equal, and says how much it compared', async () => {
    expect(await differences()).to.deep.equal([])
    const {tables, rows} = await compare({source, target})
    expect({tables, rows}).to.deep.equal({tables: 6, rows: 1087n})
  })

  describe('reports', () => {
    // Each damage is done to a copy of the whole target, made by the server from its files.
    let copies = 0
    async function copyOfTarget(): Promise<Target> {
      const database = `${target.database}_${++copies}`
      await target.db.close()
      await ask(
        both.target.superuserUrl(),
        `create database ${database} template ${target.database} owner ${target.role}`,
      )
      return both.openTarget({...target, database})
    }

    for (const [what, sql, told] of DAMAGE) {
      it(what, async () => {
        const damaged = await copyOfTarget()
        await ask(damaged.url, sql)
        const found = await differences(damaged)
        expect(
          found.filter((line) => told.test(line)),
          `found: ${found.join('\n')}`,
        ).to.have.lengthOf.at.least(1)
        await damaged.db.close()
      })
    }
  })

  it('of rows ends in an error, never in a pass, when a table cannot be read', async () => {
    const other = await both.newTarget()
    const error = await errorOf(compare({source, target: other}))
    expect(error.code).to.equal('42P01')
  })

  it('of rows ends when the operator interrupts', async () => {
    const stop = AbortSignal.abort(new Error('interrupted'))
    const error = await errorOf(
      compareFrozen({from: source.db, to: source.db, clock: realClock, operator: listener(), signal: stop}),
    )
    expect(error.message).to.equal('interrupted')
  })
})

/** As apps write them: a definition that was dumped and restored has its casts in other places. */
const WORDED = `
  create table jobs (id int primary key, state varchar default 'new' check (state in ('new', 'done')), at timestamptz);
  create index jobs_open on jobs (at) where state in ('new', 'late');
  create view open_jobs as select id, at from jobs where state in ('new', 'late') and at < now() - interval '1 day';
  create function state_of(job int, otherwise text default 'new') returns text
    language sql as 'select state from jobs where id = job';
  create function note() returns trigger language plpgsql as 'begin return new; end';
  create trigger note before update on jobs for each row when (new.state in ('new', 'done')) execute function note();
  create rule kept as on delete to jobs where old.state in ('new', 'late') do instead nothing;
  create policy mine on jobs using (state in ('new', 'late')) with check (state = current_setting('app.state'));
  create domain state as varchar check (value in ('new', 'done'))`

const REDEFINED: [what: string, sql: string, told: RegExp][] = [
  [
    'a check',
    `alter table jobs drop constraint jobs_state_check, add constraint jobs_state_check check (state in ('new', 'gone'))`,
    /^defined otherwise on the target: constraint jobs_state_check on public.jobs c$/,
  ],
  ['a view', 'create or replace view open_jobs as select id, at from jobs', /target: view public.open_jobs$/],
  [
    'a default of a function',
    `create or replace function state_of(job int, otherwise text default 'old') returns text
       language sql as 'select state from jobs where id = job'`,
    /target: function public.state_of/,
  ],
  [
    'the condition of a trigger',
    `drop trigger note on jobs;
     create trigger note before update on jobs for each row when (new.state = 'done') execute function note()`,
    /target: trigger note on public.jobs O: CREATE TRIGGER BEFORE UPDATE ON public.jobs FOR EACH ROW WHEN … EXECUTE/,
  ],
  [
    'a rule',
    `create or replace rule kept as on delete to jobs where old.state = 'new' do instead nothing`,
    /target: rule kept on public.jobs on delete do instead on a condition$/,
  ],
  ['a policy', 'alter policy mine on jobs using (id > 5)', /target: policy mine on public.jobs .* using with check$/],
  [
    'a check of a domain',
    `alter domain state drop constraint state_check; alter domain state add constraint state_check check (value <> '')`,
    /target: constraint state_check on domain public.state$/,
  ],
]

describe('definitions on servers of one major', () => {
  const both = servers({source: 16, target: 16})
  let source: Source
  let target: Target

  before(async () => {
    source = await both.newSource()
    await ask(source.url, WORDED)
    target = await both.newTarget()
    await copyOf(source, target).everything()
  })

  const differences = () => inventoryDifferences({from: source.db, to: target.db})

  it('are those that were copied', async () => {
    expect(await differences()).to.deep.equal([])
  })

  for (const [what, sql, told] of REDEFINED) {
    it(`tell of another definition of ${what}`, async () => {
      await ask(target.url, sql)
      const found = await differences()
      expect(
        found.filter((line) => told.test(line)),
        found.join('\n'),
      ).to.have.lengthOf(1)
    })
  }
})

describe('sequences', () => {
  const both = servers()
  const CREATE = `
    create sequence plain; create sequence uncalled start 42; create sequence reserved;
    create sequence down increment -1 start -10; create sequence large; create sequence used_up; create sequence "od'd; ""$$";
    create table identity (id bigint generated always as identity (start 5 increment 5))`
  const USE = `
    select setval('plain', 100), setval('reserved', 77, false), setval('large', 9007199254740993),
      setval('used_up', 9223372036854775807), setval('"od''d; ""$$"', 3), nextval('down') + nextval('down') + nextval('down');
    insert into identity default values; insert into identity default values`

  it('move to exactly where the source stands', async () => {
    const [source, target] = [await both.newSource(), await both.newTarget()]
    await ask(source.url, `${CREATE}; ${USE}`)
    await ask(target.url, CREATE)
    expect(await sequencesOf(target.superuserUrl)).not.to.deep.equal(await sequencesOf(source.superuserUrl))
    await moveSequences(target.db, await sequencePositions(source.db))
    expect(await sequencesOf(target.superuserUrl)).to.deep.equal(await sequencesOf(source.superuserUrl))
    await moveSequences(target.db, await sequencePositions(source.db))
    expect(await sequencesOf(target.superuserUrl)).to.deep.equal(await sequencesOf(source.superuserUrl))
  })

  it('never move backwards', async () => {
    const [source, target] = [await both.newSource(), await both.newTarget()]
    await ask(source.url, `${CREATE}; ${USE}`)
    await ask(
      target.url,
      `${CREATE}; ${USE}; select setval('plain', 500), setval('down', -50), setval('uncalled', 43), nextval('large')`,
    )
    const before = await sequencesOf(target.superuserUrl)
    await moveSequences(target.db, await sequencePositions(source.db))
    expect(await sequencesOf(target.superuserUrl)).to.deep.equal(before)
    expect(lateSequences(await sequencePositions(source.db), await sequencePositions(target.db))).to.deep.equal([])
  })

  it('are put back exactly after work that is rolled back, and after work that fails', async () => {
    const target = await both.newTarget()
    await ask(target.url, `${CREATE}; ${USE}`)
    const before = await sequencesOf(target.superuserUrl)
    const draw = () =>
      ask(target.url, `select nextval('plain'), nextval('uncalled'), nextval('down'), setval('large', 3)`)
    await keepingSequences(target.db, draw)
    expect(await sequencesOf(target.superuserUrl)).to.deep.equal(before)
    await errorOf(keepingSequences(target.db, async () => (await draw(), ask(target.url, 'select 1 / 0'))))
    expect(await sequencesOf(target.superuserUrl)).to.deep.equal(before)
  })

  it('stay where they are while somebody else is connected, who may keep numbers in store', async () => {
    const target = await both.newTarget()
    await ask(target.url, `${CREATE}; ${USE}`)
    const early = await target.client()
    await keepingSequences(target.db, () => ask(target.url, `select nextval('plain')`))
    expect((await early.query('select last_value from plain')).rows).to.deep.equal([{last_value: '101'}])
  })

  it('are read by the hundreds', async () => {
    const source = await both.newSource()
    await ask(
      source.url,
      `do $$ begin for n in 1..450 loop execute format('create sequence s%s start %s', n, n); end loop; end $$`,
    )
    const positions = await sequencePositions(source.db)
    expect(positions).to.have.lengthOf(450)
    expect(positions.every(({sequence, lastValue}) => sequence === `"public"."s${lastValue}"`)).to.equal(true)
  })
})

describe('materialized views', () => {
  const both = servers()

  it('come after those they read from, however many views lie between', async () => {
    const source = await both.newSource()
    await ask(
      source.url,
      `create materialized view z_first as select 1 as a;
       create view between_1 as select * from z_first; create view between_2 as select * from between_1;
       create materialized view m_second as select * from between_2;
       create materialized view a_third as select s.* from m_second s join z_first using (a);
       create materialized view b_alone as select 2 as b with no data;
       create schema a; create materialized view a.fourth as select * from public.a_third`,
    )
    const views = (await everyAnswer(source.db, {views: MATERIALIZED_VIEWS})).views
    const order = views.map(({name}) => name)
    expect(order).to.have.members([
      '"public"."z_first"',
      '"public"."m_second"',
      '"public"."a_third"',
      '"public"."b_alone"',
      '"a"."fourth"',
    ])
    const chain = ['"public"."z_first"', '"public"."m_second"', '"public"."a_third"', '"a"."fourth"']
    expect(order.filter((name) => chain.includes(name))).to.deep.equal(chain)
    expect(views.filter(({populated}) => !populated).map(({name}) => name)).to.deep.equal(['"public"."b_alone"'])
  })
})
