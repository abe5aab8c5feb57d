import {expect} from 'chai'

import {schemaDumpOf} from '../../src/lib/adapters/pg-dump.js'
import {copiedTables, copyRows, tablesWithRows} from '../../src/lib/copy/copy-rows.js'
import {copyConstraints, copyObjects} from '../../src/lib/copy/copy-schema.js'
import type {RdsError} from '../../src/lib/errors.js'
import {ask, contentsOf, errorOf, listener, servers, type Source, type Target, until} from '../support/servers.js'

const never = new AbortController().signal

/** The largest table goes first; it takes long enough to be caught half-way. */
const SCHEMA = `
  create table small (id int primary key, note text);
  insert into small select n, 'note ' || n from generate_series(1, 100) n;
  create table keyless (note text);
  insert into keyless select 'same' from generate_series(1, 500) n;
  create table large (id int, text text);
  insert into large select n, repeat(md5(n::text), 8) from generate_series(1, 250000) n;
  create table "Mid;dle" (id int primary key, text text);
  insert into "Mid;dle" select n, repeat('x', 100) from generate_series(1, 20000) n`

describe('the copy of the rows', () => {
  const both = servers()
  let source: Source

  before(async () => {
    source = await both.newSource()
    await ask(source.url, SCHEMA)
  })

  async function preparedTarget(): Promise<Target> {
    const target = await both.newTarget()
    const schemaDump = await schemaDumpOf(source.parts, source.tls, 16)
    await copyObjects({source: source.db, target: target.db, schemaDump})
    return target
  }

  async function expectEqual(target: Target): Promise<void> {
    expect(await contentsOf(target.superuserUrl)).to.deep.equal(await contentsOf(source.superuserUrl))
  }

  const copy = (target: Target, signal = never, operator = listener()) =>
    copyRows({source: source.db, target: target.db, operator}, signal)

  /** Backend of the copy on one side, once it has taken some rows of the large table. */
  async function copyingBackend(side: {superuserUrl: string}): Promise<number> {
    let pid: number | undefined
    await until('the large table to be under way', async () => {
      const [row] = await ask<{pid: number}>(
        side.superuserUrl,
        `select pid from pg_stat_progress_copy where datname = current_database() and relid = 'public.large'::regclass and tuples_processed > 100`,
      )
      pid = row?.pid
      return pid !== undefined
    })
    return pid!
  }

  it('takes the largest table first, names what it copied and counts it', async () => {
    const target = await preparedTarget()
    const operator = listener()
    const total = await copy(target, never, operator)
    expect(operator.told).to.deep.equal(
      [
        'public.large: 250,000 rows',
        'public.Mid;dle: 20,000 rows',
        'public.keyless: 500 rows',
        'public.small: 100 rows',
      ].map((line) => line.replace(/^public\.([^:]+)/, '"public"."$1"')),
    )
    expect(total.tables).to.equal(4)
    expect(total.rows).to.equal(270_600)
    expect(total.bytes).to.be.above(250_000 * 256)
    await expectEqual(target)
    expect([...(await copiedTables(target.db))].sort()).to.deep.equal(
      (await tablesWithRows(source.db)).map(({identifier}) => identifier).sort(),
    )
  })

  it('does nothing when it is run again', async () => {
    const target = await preparedTarget()
    await copy(target)
    expect(await copy(target)).to.deep.equal({rows: 0, bytes: 0, tables: 0})
    await expectEqual(target)
  })

  it('sees one moment of the source, whatever is written meanwhile', async () => {
    const own = await both.newSource()
    await ask(own.url, SCHEMA)
    const target = await preparedTarget()
    const before = await contentsOf(own.superuserUrl)
    const copying = copyRows({source: own.db, target: target.db, operator: listener()}, never)
    await copyingBackend(target)
    await ask(
      own.url,
      "insert into small values (1000, 'late'); delete from keyless; insert into large values (0, 'late')",
    )
    await copying
    expect(await contentsOf(target.superuserUrl)).to.deep.equal(before)
  })

  const interruptions: Record<string, (target: Target, stop: AbortController) => Promise<void>> = {
    'the operator interrupts it': async (target, stop) => {
      await copyingBackend(target)
      stop.abort(new Error('interrupted'))
    },
    'the source ends its session': async () => {
      await ask(source.superuserUrl, 'select pg_terminate_backend($1)', [await copyingBackend(source)])
    },
    'the target ends its session': async (target) => {
      await ask(target.superuserUrl, 'select pg_terminate_backend($1)', [await copyingBackend(target)])
    },
    'the target cancels the statement': async (target) => {
      await ask(target.superuserUrl, 'select pg_cancel_backend($1)', [await copyingBackend(target)])
    },
    'the source cancels the statement': async () => {
      await ask(source.superuserUrl, 'select pg_cancel_backend($1)', [await copyingBackend(source)])
    },
  }
  for (const [what, interrupt] of Object.entries(interruptions)) {
    it(`leaves no part of a table when ${what}, and is whole when it is run again`, async () => {
      const target = await preparedTarget()
      const stop = new AbortController()
      const [error] = await Promise.all([errorOf(copy(target, stop.signal)), interrupt(target, stop)])
      expect(error).to.be.instanceOf(Error)
      const [left] = await ask(target.superuserUrl, 'select count(*)::int as rows from public.large')
      expect(left).to.deep.equal({rows: 0})
      expect([...(await copiedTables(target.db))]).to.deep.equal([])

      expect((await copy(target)).tables).to.equal(4)
      await expectEqual(target)
    })
  }

  it('copies no finished table twice after an interruption', async () => {
    const target = await preparedTarget()
    const stop = new AbortController()
    const first = listener()
    const tell = first.tell.bind(first)
    first.tell = (line) => {
      tell(line)
      if (first.told.length === 2) stop.abort(new Error('interrupted'))
    }
    await errorOf(copy(target, stop.signal, first))
    expect(first.told).to.have.lengthOf(2)
    const second = listener()
    expect((await copy(target, never, second)).tables).to.equal(2)
    expect([...first.told, ...second.told]).to.have.lengthOf(4)
    expect(new Set([...first.told, ...second.told]).size).to.equal(4)
    await expectEqual(target)
  })

  it('fails, and marks nothing, when the target drops rows on the way', async () => {
    const target = await preparedTarget()
    await ask(
      target.url,
      `create function public.lose() returns trigger language plpgsql as 'begin return case when new.id % 1000 = 0 then null else new end; end';
       create trigger lose before insert on public.large for each row execute function public.lose()`,
    )
    const error = await errorOf<RdsError>(copy(target))
    expect(error.code).to.equal('copy_incomplete')
    expect(error.message).to.equal('"public"."large": the source sent 250000 rows, the target took 249750')
    expect([...(await copiedTables(target.db))]).to.deep.equal([])
    const [left] = await ask(target.superuserUrl, 'select count(*)::int as rows from public.large')
    expect(left).to.deep.equal({rows: 0})
  })

  it('fails rather than leave out rows that row-level security hides', async () => {
    const own = await both.newSource()
    await ask(
      own.url,
      `create table hidden (id int); insert into hidden values (1), (2); create policy p on hidden using (id = 1);
       alter table hidden enable row level security, force row level security`,
    )
    const target = await both.newTarget()
    await ask(target.url, 'create table hidden (id int)')
    const error = await errorOf(copyRows({source: own.db, target: target.db, operator: listener()}, never))
    expect(error.code).to.equal('42501')
    expect(error.message).to.include('row-level security')
  })

  it('reads and writes values the same way under every setting of database and role', async () => {
    const own = await both.newSource()
    const hostile = [
      "datestyle = 'German, DMY'",
      "timezone = 'Asia/Kathmandu'",
      "intervalstyle = 'sql_standard'",
      'extra_float_digits = -15',
      "bytea_output = 'escape'",
      'array_nulls = off',
      'xmloption = document',
      "search_path = 'nowhere'",
      'standard_conforming_strings = off',
      'quote_all_identifiers = on',
      'statement_timeout = 1000',
      'default_transaction_read_only = on',
      "default_transaction_isolation = 'serializable'",
      "client_encoding = 'LATIN1'",
    ]
    await ask(
      own.url,
      `create table odd (d date, t timestamptz, i interval, f float8, b bytea, a text[], x xml, s text);
       insert into odd values ('2024-02-01', '2024-02-01 03:04:05+05:45', '1 mon -1 day', 0.1::float8 + 0.2, '\\x00ff5c', '{NULL,"NULL"}', 'a<b/>c', '€ \\n'),
         ('infinity', '-infinity', '-1 year 2 days', 'NaN', '', '{}', '', '')`,
    )
    await ask(
      own.url,
      hostile.map((setting) => `alter role ${own.user} in database ${own.database} set ${setting};`).join(' '),
    )
    const target = await both.newTarget()
    const other = [...hostile, "datestyle = 'SQL, MDY'", "timezone = 'America/St_Johns'"]
    await ask(target.url, other.map((setting) => `alter database ${target.database} set ${setting};`).join(' '))
    const schemaDump = await schemaDumpOf(own.parts, own.tls, 16)
    await copyObjects({source: own.db, target: target.db, schemaDump})
    await copyRows({source: own.db, target: target.db, operator: listener()}, never)
    await copyConstraints({source: own.db, target: target.db, schemaDump}, never)
    expect(await contentsOf(target.superuserUrl)).to.deep.equal(await contentsOf(own.superuserUrl))
  })
})
