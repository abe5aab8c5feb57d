import {expect} from 'chai'

import type {Shop} from '../../sandbox/shop.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {ask, sequencesOf} from '../support/servers.js'
import {cutOver, operate, prepare, useSandbox} from '../support/world.js'
import {before as beforeStep, failureOf, primaryOf} from './support.js'

const CAPTURE = {method: 'change-capture'} as const

/** Tables with rows enough to be among the largest, each with a rule of its app; `by`: what refuses a bare update, on both sides. */
const RULES: {table: string; rule: string; by?: string}[] = [
  {
    table: 'audited',
    rule: `
      create table audit (id bigserial primary key, who text);
      insert into audit (who) select 'me' from generate_series(1, 9);
      create function note_who() returns trigger language plpgsql as
        $$ begin insert into audit (who) values (current_setting('app.user')); return new; end $$;
      create trigger note_who after update on audited for each row execute function note_who()`,
    by: 'function note_who()',
  },
  {
    table: 'counted',
    rule: `
      create table trail (id bigserial primary key, what text);
      insert into trail (what) select 'before' from generate_series(1, 50);
      create function trace() returns trigger language plpgsql as
        $$ begin insert into trail (what) values (tg_op); return new; end $$;
      create trigger trace after update on counted for each row execute function trace()`,
  },
  {
    table: 'append_only',
    rule: `
      create function refuse() returns trigger language plpgsql as
        $$ begin raise exception using errcode = 'AP001', message = 'rows only come'; end $$;
      create trigger refuse before update or delete on append_only for each row execute function refuse()`,
    by: 'function refuse()',
  },
  {
    table: 'of_tenants',
    rule: `
      alter table of_tenants enable row level security;
      create policy own on of_tenants using (filler = current_setting('app.tenant'))`,
  },
  {
    table: 'ruled_also',
    rule: `
      create table also (id int, at timestamptz default now());
      create rule also as on update to ruled_also do also insert into also (id) values (old.id)`,
  },
  {
    table: 'ruled_by_setting',
    rule: `
      create rule who as on update to ruled_by_setting
        do also insert into also (id) values (current_setting('app.id')::int)`,
    by: 'a rule that Postgres does not name',
  },
  {table: 'ruled_out', rule: `create rule quiet as on update to ruled_out do instead nothing`},
  {
    table: 'checked_late',
    rule: `alter table checked_late add constraint "new;rows" check (id > 1) not valid`,
    by: 'constraint "new;rows"',
  },
  {
    table: 'of_domain',
    rule: `
      create domain word as text; alter table of_domain alter filler type word;
      alter domain word add constraint short check (length(value) < 3) not valid`,
  },
  {
    table: 'deferred',
    rule: `
      create function refuse_late() returns trigger language plpgsql as
        $$ begin raise exception using errcode = 'LT001', message = 'not so'; end $$;
      create constraint trigger late after update on deferred deferrable initially deferred
        for each row execute function refuse_late()`,
    by: 'function refuse_late()',
  },
  {
    table: 'pointing',
    rule: `alter table pointing add up int references pointing deferrable initially deferred; update pointing set up = 1`,
  },
  {
    table: 'computed',
    rule: `alter table computed add twice int generated always as (id * 2) stored`,
  },
  {
    table: 'identified',
    rule: `alter table identified drop id, add id int generated always as identity primary key`,
  },
  {
    table: 'elsewhere',
    rule: `
      create schema inner_office; create table inner_office.notes (id int);
      create function note_there() returns trigger language plpgsql as
        $$ begin insert into notes values (new.id); return new; end $$;
      create trigger note_there before update on elsewhere for each row execute function note_there()`,
  },
]

const tableSql = (table: string) => `
  create table ${table} (id int primary key, filler text);
  insert into ${table} select n, repeat('x', 400) from generate_series(1, 1500) n`

const REFUSED = RULES.flatMap(({table, by}) => (by ? [`"public"."${table}" by ${by}`] : []))

describe('Rules of the app, which a bare update does not meet', () => {
  const world = useSandbox()

  const evidenceOf = (shop: Shop, id: string) =>
    operate(
      shop,
      async ({journal}) => (await journal.records()).find(({step, finishedAt}) => step === id && finishedAt)?.evidence,
      CAPTURE,
    )
  const refusedIn = (evidence: string | null | undefined) =>
    (/refused on the source as well: (.*?)(; |$)/.exec(evidence ?? '')?.[1] ?? '').split(', ').sort()
  const sequencesOn = async (side: 'source' | 'target', {[side]: {database}}: Shop) => {
    const positions = await sequencesOf(world.sandbox[side].superuserUrl(database))
    return ['audit_id_seq', 'trail_id_seq'].map((name) => positions[`public.${name}`])
  }
  const rowsOn = async (side: 'source' | 'target', {[side]: {database}}: Shop) => {
    const [row] = await world.sandbox[side].superuser<Record<string, string>>(
      database,
      `select (select count(*) from audit) as audit, (select count(*) from trail) as trail,
         (select count(*) from also) as also, (select count(*) from inner_office.notes) as notes`,
    )
    return row
  }

  it('stop neither rds:start nor the window, and are named in both', async () => {
    const shop = await world.sandbox.openShop({formation: {web: 1}})
    for (const {table, rule} of RULES) await ask(shop.source.url, `${tableSql(table)}; ${rule}`)
    await world.sandbox.source.superuser(
      shop.source.database,
      `alter database "${shop.source.database}" set search_path = "$user", public, heroku_ext, inner_office`,
    )
    const rows = await rowsOn('source', shop)
    shop.customersCome()
    await prepare(shop)
    expect(refusedIn(await evidenceOf(shop, 'try-constraints'))).to.deep.equal(REFUSED.sort())
    expect(await rowsOn('target', shop)).to.deep.equal(rows)
    expect(await sequencesOn('target', shop)).to.deep.equal(['1 f', '1 f'])

    const drawn = await sequencesOn('source', shop)
    await cutOver(shop, CAPTURE)
    expect(primaryOf(shop)).to.equal('target')
    expect(refusedIn(await evidenceOf(shop, 'smoke-test'))).to.deep.equal(REFUSED.sort())
    expect(await rowsOn('target', shop)).to.deep.equal(rows)
    expect(await rowsOn('source', shop)).to.deep.equal(rows)
    const [audit, trail] = await sequencesOn('source', shop)
    expect(await sequencesOn('target', shop)).to.deep.equal([audit, trail])
    expect(trail, 'drawn for nothing').to.equal(drawn[1])
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  const ONLY_AT_HOME = `
    create function at_home() returns trigger language plpgsql as
      $$ begin if current_user not like 'u%' then raise exception 'who is %', 'that'; end if; return new; end $$;
    create trigger at_home before update on homely for each row execute function at_home()`

  it('that only the source meets end rds:start, named, while the app runs', async () => {
    const shop = await world.sandbox.openShop({formation: {web: 1}})
    await ask(shop.source.url, `${tableSql('homely')}; ${ONLY_AT_HOME}`)
    const asBefore = stateOf(shop.app)
    const failure = await failureOf(prepare(shop))
    expect(failure.code).to.equal('write_refused')
    expect(failure.message).to.equal(
      '"public"."homely": the target refuses to have a row written back onto itself, by function at_home(): an exception was raised, whose words are in the log of the server; the source accepts it',
    )
    expect(stateOf(shop.app)).to.deep.equal(asBefore)
    shop.customersCome()
    await expectBusiness(shop)

    await ask(shop.source.url, 'drop trigger at_home on homely')
    await prepare(shop)
    await cutOver(shop, CAPTURE)
    await expectCleanLedger(shop, 'target')
  })

  it('that only the source meets in the window undo it, and sequences stay', async () => {
    const shop = await world.sandbox.openShop({formation: {web: 1}})
    await ask(
      shop.source.url,
      `${tableSql('homely')};
       create table trail (id bigserial primary key, what text); create table audit (id bigserial primary key);
       create function at_home() returns trigger language plpgsql as $$ begin return new; end $$;
       create trigger at_home before update on homely for each row execute function at_home()`,
    )
    await prepare(shop)
    shop.customersCome()
    await expectBusiness(shop)
    const asBefore = stateOf(shop.app)
    const replaceThere = () =>
      world.sandbox.target.superuser(
        shop.target.database,
        `create or replace function at_home() returns trigger language plpgsql as
           $$ begin perform nextval('trail_id_seq'); raise exception 'not here'; end $$`,
      )
    const failure = await failureOf(cutOver(shop, {...CAPTURE, alter: beforeStep('smoke-test', replaceThere)}))
    expect(failure.code).to.equal('write_refused')
    expect(failure.message).to.contain(
      'by function at_home(): an exception was raised, whose words are in the log of the server; the source accepts it',
    )
    expect(stateOf(shop.app)).to.deep.equal(asBefore)
    expect(await sequencesOn('target', shop)).to.deep.equal(['1 f', '1 f'])
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'source')
  })
})
