import {inspect} from 'node:util'

import {expect} from 'chai'

import {verifyBeforeWindow} from '../../src/lib/methods/change-capture/verify.js'
import {messageOf, type RdsError} from '../../src/lib/ports/errors.js'
import {refusalOf} from '../../src/lib/postgres/refusal.js'
import {describeDifferences} from '../../src/lib/verify/locate.js'
import {captureOf, sampleWhileLive, verifyTouchedLive, verifyWhileLive} from '../support/capture.js'
import {compare, copyOf} from '../support/copy.js'
import {ask, errorOf, servers, type Source, type Target} from '../support/servers.js'

const MARKER = 'ann.marker@example.com'

/** Every word that anybody can get of it: printed, inspected, as JSON, with all it rests on. */
function wordsOf(told: unknown): string {
  const {cause, suggestions} = told as {cause?: unknown; suggestions?: string[]}
  const own = told instanceof Error ? Object.getOwnPropertyNames(told) : undefined
  const json = JSON.stringify(told, own as never) ?? ''
  return [String(told), inspect(told, {depth: 9, showHidden: true}), json, suggestions, cause ? wordsOf(cause) : '']
    .join('\n')
    .toLowerCase()
}

const expectNoRows = (...told: unknown[]) => {
  for (const one of told) expect(wordsOf(one)).not.to.contain('marker')
}

const SCHEMA = `
  create extension if not exists btree_gist;
  create type mood as enum ('good');
  create domain adult as int constraint adult check (value > 17);
  create table people (mail text primary key, note text not null, age int check (age > 0), path text);
  insert into people values ('${MARKER}', '${MARKER}', 1, '$."${MARKER}" ${MARKER}');
  create table doubles (mail text); insert into doubles values ('${MARKER}'), ('${MARKER}');
  create table visits (mail text references people);
  create table rooms (mail text, exclude using gist (mail with =)); insert into rooms values ('${MARKER}');
  create view named as select * from people where note = 'x' with check option;
  create function refuse(code text) returns text language plpgsql as $$ begin
    raise exception using errcode = code, message = (select mail from people), detail = (select mail from people),
      hint = (select mail from people), table = (select mail from people), constraint = (select mail from people),
      column = (select mail from people), schema = (select mail from people), datatype = (select mail from people);
  end $$;
  create function put_together() returns text language plpgsql as $$ declare found text; begin
    execute 'select "' || (select mail from people) || '"' into found; return found;
  end $$;
  create function refusing() returns trigger language plpgsql as $$ begin
    raise exception 'no %', new.mail;
  end $$;
  create table guarded (mail text);
  create trigger refusing before insert on guarded for each row execute function refusing();
  create function asserting() returns text language plpgsql as $$ begin
    assert false, (select mail from people); return '';
  end $$;
  create function calling() returns text language sql as $$ select mail::int::text from people $$`

/** Statements whose errors quote rows when a server words them. */
const QUOTING: [what: string, sql: string, left: RegExp][] = [
  ['no number', 'select mail::int from people', /invalid input/],
  ['no date', 'select mail::date from people', /invalid date/],
  ['no value of an enumerated type', 'select mail::mood from people', /invalid input/],
  ['no uuid, in a function', 'select calling()', /SQL function "calling" statement 1/],
  ['no json', 'select mail::jsonb from people', /invalid input/],
  ['no json path', 'select path::jsonpath from people', /syntax error/],
  ['no regular expression', `select 'a' ~ ('[' || mail) from people`, /regular expression/],
  ['no time zone', 'select now() at time zone mail from people', /./],
  ['no number of this size', `select (repeat('9', 20) || length(mail))::bigint from people`, /out of range/],
  [
    'too long',
    `select mail::varchar from people; create temp table short (m varchar(3)); insert into short select mail from people`,
    /too long/,
  ],
  ['a duplicate', 'insert into people select * from people', /duplicate key/],
  ['an index over duplicates', 'create unique index on doubles (mail)', /duplicate key/],
  ['a check', `insert into people select 'b' || mail, note, -1 from people`, /check constraint/],
  ['a check over what is there', 'alter table people add check (age > 9)', /check constraint/],
  ['a domain', 'select age::adult from people', /check constraint/],
  ['a null', `insert into people select 'b' || mail from people`, /null/],
  ['a foreign key', `insert into visits select 'b' || mail from people`, /foreign key/],
  ['a reference', `insert into visits select mail from people; delete from people`, /foreign key/],
  ['an exclusion', 'insert into rooms select mail from people', /exclusion/],
  ['a view', `insert into named select 'b' || mail, note from people`, /view "named"/],
  ['RAISE', `select refuse('P0001')`, /exception was raised/],
  ['RAISE with a code of objects', `select refuse('42P01')`, /exception was raised/],
  ['RAISE with a code of the tool', `select refuse('HR002')`, /exception was raised/],
  ['RAISE with any other code', `select refuse('AB123')`, /exception was raised/],
  ['RAISE in a trigger', 'insert into guarded select mail from people', /exception was raised/],
  ['ASSERT', 'select asserting()', /log of the server|assertion/],
  ['SQL put together of a row', 'select put_together()', /log of the server/],
]

describe('The contents of rows', () => {
  const both = servers()
  let source: Source

  before(async () => {
    source = await both.newSource()
    await ask(source.superuserUrl, 'create extension if not exists btree_gist')
    await ask(source.url, SCHEMA.replace(/create extension.*?;/, ''))
  })

  for (const [what, statement, left] of QUOTING) {
    it(`are in no error: ${what}`, async () => {
      const sql = `set local search_path = public; ${statement}`
      for (const attempt of [
        () => source.db.query(sql),
        () => source.db.session((session) => session.query(sql)),
        () => source.db.transaction((session) => session.query(sql)),
      ]) {
        const error = await errorOf(attempt())
        expectNoRows(error, refusalOf(error, 'changes could not be applied'))
        expect(error.code).to.match(/^[0-9A-Z]{5}$/)
        expect(`${messageOf(error)} ${(error as {where?: string}).where ?? ''}`).to.match(left)
      }
    })
  }

  it('are in no error of a copy, which names the row by its number', async () => {
    const [from, to] = [await both.newSource(), await both.newTarget()]
    await ask(
      from.url,
      `create type known as enum ('a', '${MARKER}'); create table people (id int, mail known);
       insert into people values (1, 'a'), (2, '${MARKER}')`,
    )
    const copy = copyOf(from, to)
    await copy.objects()
    await ask(to.superuserUrl, `alter type public.known rename value '${MARKER}' to 'other'`)
    const error = await errorOf<RdsError>(copy.rows())
    expectNoRows(error)
    expect(error.message).to.equal(
      'the rows of "public"."people" could not be copied: invalid input for a type – in row 2 of people, column mail',
    )
  })

  describe('that differ', () => {
    let from: Source
    let to: Target
    let capture: Awaited<ReturnType<typeof captureOf>>

    beforeEach(async () => {
      ;[from, to] = [await both.newSource(), await both.newTarget()]
      await ask(
        from.url,
        `create table people (mail text primary key, note text);
         insert into people select n || '${MARKER}', n || '${MARKER}' from generate_series(1, 9) n;
         create table bare (mail text); insert into bare select mail from people`,
      )
      capture = await captureOf(from, to)
      await capture.start()
    })

    const damage = async () => {
      const [note] = await ask<{key: string}>(
        to.url,
        `select value #>> '{}' as key from heroku_rds.notes where key = 'fenceKey'`,
      )
      await ask(
        to.url,
        `set heroku_rds.pass = '${note!.key}'; update people set note = note || 'other' where mail like '1%';
         delete from people where mail like '2%'; insert into people values ('more ${MARKER}');
         update bare set mail = 'other ${MARKER}' where mail like '3%'`,
      )
    }

    it('are in no result, and name rows only where they are asked for', async () => {
      await damage()
      const live = await verifyWhileLive(capture.migration)
      const frozen = await compare({source: from, target: to})
      const sample = await sampleWhileLive(capture.migration)
      expect([live, frozen, sample].map(({differences}) => differences.length)).to.deep.equal([5, 5, 2])
      for (const {differences} of [live, frozen, sample]) {
        expectNoRows(differences, describeDifferences(differences))
        expect(wordsOf(describeDifferences(differences, 10, {showRows: true}))).to.contain('marker')
      }
      expect(describeDifferences(live.differences).sort()).to.deep.equal(describeDifferences(frozen.differences).sort())
    })

    it('are in no difference of what was touched', async () => {
      await verifyWhileLive(capture.migration)
      await ask(from.url, `update people set note = note || '!'`)
      await capture.sync()
      await damage()
      const {differences} = await verifyTouchedLive(capture.migration)
      expect(differences).to.have.lengthOf(2)
      for (const line of differences) expect(line).to.match(/^"public"\."people" row [0-9a-f]{12} (differs|is missing)/)
      expectNoRows(differences)
    })

    it('are neither in the error that ends the run nor in its journal', async () => {
      await damage()
      const error = await errorOf<RdsError>(capture.perform([verifyBeforeWindow]))
      expect(error.code).to.equal('not_equal')
      expectNoRows(error, await capture.migration.journal.records())
      const tables = await ask<{name: string}>(
        to.superuserUrl,
        `select c.oid::regclass::text as name
         from pg_class c
         where c.relnamespace = 'heroku_rds'::regnamespace and c.relkind = 'r' and c.relname !~ '^(touched|whole)'`,
      )
      expect(tables.length).to.be.above(4)
      for (const {name} of tables)
        expectNoRows(await ask(to.superuserUrl, `select t::text as row, '${name}' as name from ${name} t`))
    })
  })
})
