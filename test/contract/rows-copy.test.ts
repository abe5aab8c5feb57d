import {expect} from 'chai'

import type {RdsError} from '../../src/lib/ports/errors.js'
import {copyLoad} from '../../src/lib/copy/copy-load.js'
import {shareSnapshot} from '../../src/lib/copy/snapshot.js'
import {tablesWithRows} from '../../src/lib/copy/tables.js'
import {afterFirstTransaction, copyOf, type HowToCopy, realClock} from '../support/copy.js'
import {
  ask,
  contentsOf,
  digestsOf,
  errorOf,
  listener,
  newClient,
  servers,
  type Source,
  type Target,
  until,
} from '../support/servers.js'

/**
 * `large` is copied in several chunks: its rows fill many pages, and what is stored beside them makes it big without taking
 * long. The pages of its heir have the same numbers. "Mid;dle" is too large to go together with the small ones.
 */
const SCHEMA = `
  create table large (id int primary key, padding text, text text);
  alter table large alter padding set storage plain, alter text set storage external;
  insert into large select n, repeat('p', 3500), repeat(md5(n::text), 1600) from generate_series(1, 2000) n;
  create table heir (own int) inherits (large);
  insert into heir select n, repeat('h', 3500), 'of the heir', n from generate_series(1, 3000) n;
  create table keyless (note text);
  insert into keyless select 'same' from generate_series(1, 500) n;
  create table "Mid;dle" (id int primary key, text text);
  insert into "Mid;dle" select n, repeat('x', 300) from generate_series(1, 20000) n;
  create index on "Mid;dle" (text);
  create table small (id int primary key, note text unique deferrable);
  insert into small select n, 'note ' || n from generate_series(1, 100) n`

describe('the copy of the rows', () => {
  const both = servers()
  let source: Source

  before(async () => {
    source = await both.newSource()
    await ask(source.url, SCHEMA)
  })

  async function preparedTarget(from = source): Promise<Target> {
    const target = await both.newTarget()
    await copyOf(from, target).objects()
    return target
  }

  async function expectEqual(target: Target, from = source): Promise<void> {
    expect(await digestsOf(target.superuserUrl)).to.deep.equal(await digestsOf(from.superuserUrl))
  }

  const copy = (target: Target, how?: HowToCopy, from = source) => copyOf(from, target, how).rows()

  const chunksOf = (target: Target) =>
    ask<{relation: string; first_page: string; copied: boolean; copied_at: string | null}>(
      target.superuserUrl,
      `select relation, first_page, copied_at is not null as copied, copied_at::text from heroku_rds.copy_chunks order by relation, first_page`,
    )

  const copying = (side: {superuserUrl: string}) =>
    until('the large table to be under way', async () => {
      const pids = await ask(
        side.superuserUrl,
        `select pid from pg_stat_progress_copy where datname = current_database() and bytes_processed > 1000000`,
      )
      return pids.length > 0
    })

  it('brings every row, counts them, and builds the indexes', async () => {
    const target = await preparedTarget()
    const total = await copy(target)
    await expectEqual(target)
    expect(total).to.include({rows: 25_600, tables: 5, indexes: 5})
    expect(total.bytes).to.be.above(2000 * 32 * 1600)
    const chunks = await chunksOf(target)
    expect(chunks.filter(({relation}) => relation === '"public"."large"').length).to.be.above(1)
    expect(chunks.every(({copied}) => copied)).to.equal(true)
    const indexes = await ask(
      target.superuserUrl,
      `select indexrelid::regclass::text as index, indisvalid as valid, conname from pg_index left join pg_constraint on conindid = indexrelid
       where indrelid::regclass::text in ('large', '"Mid;dle"', 'small') order by 1`,
    )
    expect(indexes).to.deep.equal([
      {index: '"Mid;dle_pkey"', valid: true, conname: 'Mid;dle_pkey'},
      {index: '"Mid;dle_text_idx"', valid: true, conname: null},
      {index: 'large_pkey', valid: true, conname: 'large_pkey'},
      {index: 'small_note_key', valid: true, conname: 'small_note_key'},
      {index: 'small_pkey', valid: true, conname: 'small_pkey'},
    ])
    const [stats] = await ask(
      target.superuserUrl,
      `select count(distinct tablename)::int as tables from pg_stats where schemaname = 'public'`,
    )
    expect(stats).to.deep.equal({tables: 5})
  })

  it('tells how far it has come', async () => {
    const target = await preparedTarget()
    const operator = listener()
    await copy(target, {operator})
    const last = operator.progress.at(-1)!
    expect(last).to.include({tables: 5, totalTables: 5, indexes: 5, totalIndexes: 5})
    expect(last.bytes).to.equal(last.totalBytes)
    expect(last.running).to.deep.equal([])
    for (const [i, {bytes}] of operator.progress.entries()) {
      expect(bytes).to.be.at.least(operator.progress[i - 1]?.bytes ?? 0)
    }
  })

  it('does nothing when it is run again', async () => {
    const target = await preparedTarget()
    const first = await copy(target)
    const before = await chunksOf(target)
    expect(await copy(target)).to.deep.equal(first)
    expect(await chunksOf(target)).to.deep.equal(before)
    await expectEqual(target)
  })

  it('knows of a chunk that is there at which moment it was read', async () => {
    const target = await preparedTarget()
    await copy(target)
    const [known] = await ask<{moment: string}>(
      target.superuserUrl,
      'select distinct moment from heroku_rds.copy_chunks',
    )
    const [table] = await tablesWithRows(source.db)
    const chunk = {firstPage: 0, nextPage: null, bytes: 0, snapshot: null}
    const {signal} = new AbortController()
    const how = {snapshot: 'a later one', guard: 'select 1', path: 'public', sent: () => undefined, signal}
    const [moment] = await source.db.transaction((from) =>
      copyLoad(from, target.db, [{plan: {table: table!, chunks: [chunk]}, chunk}], how),
    )
    expect(moment).to.equal(known!.moment)
  })

  it('sees one moment of the source, whatever is written meanwhile', async () => {
    const own = await both.newSource()
    await ask(own.url, SCHEMA)
    const target = await preparedTarget(own)
    const before = await digestsOf(own.superuserUrl)
    const running = copy(target, {}, own)
    await copying(target)
    await ask(
      own.url,
      "insert into small values (1000, 'late'); delete from keyless; insert into large values (0, 'late'); update heir set own = 0",
    )
    await running
    expect(await digestsOf(target.superuserUrl)).to.deep.equal(before)
  })

  /** In one statement, and by the middle of a chunk: one that was seen under way may have landed when the next statement comes. */
  const endNow = async (side: {superuserUrl: string}, what: 'cancel' | 'terminate') => {
    const ended = await ask(
      side.superuserUrl,
      `select pg_${what}_backend(pid) from pg_stat_progress_copy where datname = current_database() and relid in (0, 'large'::regclass) and bytes_processed between 1000000 and 16000000`,
    )
    return ended.length > 0
  }

  const end = (side: {superuserUrl: string}, what: 'cancel' | 'terminate') => () =>
    until('the large table to be under way, and ended', () => endNow(side, what))

  /** Nobody takes the rows of the large table, so the source stays where it is in a chunk. */
  const whileTargetWaits = async (target: Target, work: () => Promise<void>) => {
    const holder = await newClient(target.superuserUrl)
    try {
      await holder.query('begin; lock table large in share mode')
      await work()
    } finally {
      await holder.end()
    }
  }

  const endHolder = ({superuserUrl}: Source) =>
    ask(
      superuserUrl,
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%' and query like '%pg_export_snapshot%'`,
    )

  describe('goes on by itself when', () => {
    const breaks: Record<string, (target: Target) => Promise<void>> = {
      'the source ends its sessions': (target) => whileTargetWaits(target, end(source, 'terminate')),
      'the target ends its sessions': (target) => end(target, 'terminate')(),
      'the session that holds the snapshot is ended': async (target) => {
        await copying(target)
        expect(await endHolder(source)).to.have.lengthOf(1)
      },
      'both servers end every session of the copy': async (target) => {
        await copying(target)
        for (const {superuserUrl} of [source, target]) {
          await ask(
            superuserUrl,
            `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'heroku-plugin-rds'`,
          )
        }
      },
    }
    for (const [what, interrupt] of Object.entries(breaks)) {
      it(what, async () => {
        const target = await preparedTarget()
        const [total] = await Promise.all([copy(target), interrupt(target)])
        expect(total.rows).to.equal(25_600)
        await expectEqual(target)
      })
    }
  })

  it('takes another snapshot when the one to be read is gone, and nobody has noticed', async () => {
    const own = await both.newSource()
    await ask(own.url, SCHEMA)
    const target = await preparedTarget(own)
    const transaction = own.db.transaction.bind(own.db)
    let begun = 0
    own.db.transaction = (work, options) =>
      transaction(async (session) => {
        if (++begun === 3) expect(await endHolder(own)).to.have.lengthOf(1) // after the one that holds and the one that lays out
        return work(session)
      }, options)
    const operator = listener()
    expect((await copy(target, {operator}, own)).rows).to.equal(25_600)
    expect(operator.told).to.deep.equal([])
    await expectEqual(target, own)
  })

  describe('leaves no part of a chunk, and is whole when it is run again, when', () => {
    type Interrupt = (target: Target, stop: AbortController, copying: Promise<unknown>) => Promise<void>
    /** A chunk may have come to its end just before: the next one is cancelled then. */
    const cancelled = async (side: {superuserUrl: string}, copying: Promise<unknown>) => {
      let over = false
      void copying.finally(() => (over = true))
      await until('the copy to be cancelled', async () => over || (await endNow(side, 'cancel'), over))
    }
    const interruptions: Record<string, Interrupt> = {
      'the operator interrupts it': async (target, stop) => {
        await copying(target)
        stop.abort(new Error('interrupted'))
      },
      'the target cancels the statement': (target, _, copying) => cancelled(target, copying),
      'the source cancels the statement': (_, __, copying) => cancelled(source, copying),
    }
    for (const [what, interrupt] of Object.entries(interruptions)) {
      it(what, async () => {
        const target = await preparedTarget()
        const stop = new AbortController()
        const failing = errorOf(copy(target, {signal: stop.signal}))
        const [error] = await Promise.all([failing, interrupt(target, stop, failing)])
        expect(error).to.be.instanceOf(Error)
        const chunks = await chunksOf(target)
        const copied = chunks.filter(({copied}) => copied)
        expect(copied.length).to.be.below(chunks.length)
        const [rows] = await ask(
          target.superuserUrl,
          `select (select count(*) from only large)::int as found, coalesce(sum(rows), 0)::int as marked from heroku_rds.copy_chunks where relation = '"public"."large"'`,
        )
        expect(rows!['found']).to.equal(rows!['marked'])

        await copy(target)
        await expectEqual(target)
        const again = await chunksOf(target)
        for (const chunk of copied) expect(again).to.deep.include(chunk)
      })
    }
  })

  it('begins a table anew whose rows were moved on the source between two runs', async () => {
    const own = await both.newSource()
    await ask(own.url, SCHEMA)
    const target = await preparedTarget(own)
    const client = await target.client()
    await client.query(
      `select pg_advisory_lock(1);
       create function stay() returns trigger language plpgsql as $$begin perform pg_advisory_xact_lock(1); return new; end$$;
       create trigger stay before insert on large for each row when (new.id = 1) execute function stay()`,
    )
    const stop = new AbortController()
    const interrupted = errorOf(copy(target, {signal: stop.signal}, own))
    await until('a part of the table to be copied', async () =>
      (await chunksOf(target)).some(({relation, copied}) => copied && relation === '"public"."large"'),
    )
    stop.abort(new Error('interrupted'))
    await client.query('select pg_advisory_unlock(1)')
    await interrupted
    await client.query('drop trigger stay on large; drop function stay')
    await ask(own.url, 'delete from only large where id < 500')
    await ask(own.url, 'vacuum full large')
    await copy(target, {}, own)
    await expectEqual(target, own)
  })

  const rewriting = (own: Source, ...statements: string[]) =>
    afterFirstTransaction(own.db, async () => {
      for (const statement of statements) await ask(own.url, statement)
    })

  it('copies anew what is rewritten before it has been read, whole or in part', async () => {
    const own = await both.newSource()
    await ask(own.url, SCHEMA)
    const target = await preparedTarget(own)
    rewriting(
      own,
      'vacuum full large',
      `truncate keyless; insert into keyless values ('other')`,
      'cluster small using small_pkey',
    )
    const operator = listener()
    await copy(target, {operator}, own)
    await expectEqual(target, own)
    for (const table of ['large', 'keyless', 'small'])
      expect(operator.told.join('\n')).to.match(RegExp(`"public"."${table}" was rewritten .*: copying it again`))
  })

  it('refuses rows that are moved while it reads them, when no other moment will do', async () => {
    const own = await both.newSource()
    await ask(own.url, SCHEMA)
    const target = await preparedTarget(own)
    rewriting(own, 'vacuum full keyless')
    const snapshot = shareSnapshot(own.db)
    await errorOf<RdsError>(copy(target, {snapshot}, own)).then((error) =>
      expect(error.code).to.equal('table_rewritten'),
    )
    await copy(target, {}, own)
    await expectEqual(target, own)
  })

  it('keeps nobody from altering what it has read', async () => {
    const target = await preparedTarget()
    const [client, app] = [await target.client(), await source.client()]
    await client.query(
      `select pg_advisory_lock(1);
       create function stay() returns trigger language plpgsql as $$begin perform pg_advisory_xact_lock(1); return new; end$$;
       create trigger stay before insert on "Mid;dle" for each row when (new.id = 1) execute function stay()`,
    )
    let ticks = Date.now()
    const clock = {...realClock, now: () => new Date((ticks += 1000))}
    const copied = copy(target, {clock})
    const missing = async () => (await chunksOf(target)).filter((chunk) => !chunk.copied).map(({relation}) => relation)
    await until(
      'one chunk to be left',
      async () => (await chunksOf(target)).length > 0 && (await missing()).length === 1,
      60_000,
    )
    await app.query(`set lock_timeout = '5s'; begin; lock table only large, heir, keyless, small; commit`)
    expect(await missing()).to.deep.equal(['"public"."Mid;dle"'])
    await client.query(`select pg_advisory_unlock(1)`)
    await copied
    await client.query(`drop trigger stay on "Mid;dle"; drop function stay`)
    await expectEqual(target)
  })

  it('is made whole by the rows that changed meanwhile, when a live source lost its snapshot on the way', async () => {
    const own = await both.newSource()
    await ask(own.url, SCHEMA)
    await ask(own.url, 'create table touched (id int primary key)')
    const target = await preparedTarget(own)
    const chunks = () => chunksOf(target).then((all) => all.filter(({relation}) => relation === '"public"."large"'))
    await ask(
      target.superuserUrl,
      `create function stop() returns trigger language plpgsql as $$begin raise exception 'stopped'; end$$;
       create trigger stop before insert on large for each row when (new.id = 2000) execute function stop()`,
    )
    await until('one chunk of several to be copied', async () => {
      await errorOf(copy(target, {}, own))
      return (await chunks()).some(({copied}) => copied)
    })
    await ask(target.superuserUrl, 'drop function stop() cascade')
    const copied = (await chunks()).filter((chunk) => chunk.copied).length
    expect(copied).to.be.below((await chunks()).length)

    // Rows move from chunks that are there to those that are not, and back; unique values change hands.
    await ask(
      own.url,
      `with changed as (update only large set text = 'changed ' || id where id % 3 = 0 returning id) insert into touched select id from changed;
       with gone as (delete from only large where id % 100 = 1 returning id) insert into touched select id from gone on conflict do nothing;
       insert into large select n, 'new', 'new' from generate_series(5001, 5100) n; insert into touched select generate_series(5001, 5100)`,
    )
    const settled: string[] = []
    await copy(
      target,
      {
        settle: async (to, name) => {
          settled.push(name)
          const keys = await own.db.query<{id: number}>('select id from public.touched')
          await to.query('delete from only public.large where id = any ($1::int[])', [keys.map(({id}) => id)])
        },
      },
      own,
    )
    expect(settled).to.deep.equal(['"public"."large"'])
    const [valid] = await ask(
      target.superuserUrl,
      `select indisvalid as valid from pg_index where indexrelid = 'large_pkey'::regclass`,
    )
    expect(valid).to.deep.equal({valid: true})

    // What a follower does next: every touched key as it is now.
    const rows = await own.db.query<{id: number; padding: string; text: string}>(
      'select l.id, l.padding, l.text from only public.large l join public.touched using (id)',
    )
    await target.db.query(
      `insert into public.large select * from json_to_recordset($1) as r (id int, padding text, text text)`,
      [JSON.stringify(rows)],
    )
    const [here, there] = [await digestsOf(own.superuserUrl), await digestsOf(target.superuserUrl)]
    expect(there['public.large']).to.equal(here['public.large'])
  })

  it('fails, and marks nothing, when the target drops rows on the way', async () => {
    const target = await preparedTarget()
    await ask(
      target.url,
      `create function public.lose() returns trigger language plpgsql as 'begin return case when new.id % 1000 = 0 then null else new end; end';
       create trigger lose before insert on public."Mid;dle" for each row execute function public.lose()`,
    )
    const error = await errorOf<RdsError>(copy(target))
    expect(error.code).to.equal('copy_incomplete')
    expect(error.message).to.equal('"public"."Mid;dle": the source sent 20000 rows, the target took 19980')
    const marked = (await chunksOf(target)).filter(({relation, copied}) => copied && relation.includes('Mid'))
    expect(marked).to.deep.equal([])
    const [left] = await ask(target.superuserUrl, 'select count(*)::int as rows from public."Mid;dle"')
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
    const error = await errorOf<RdsError>(copyOf(own, target).rows())
    expect(error.message).to.match(/rows of "public"."hidden" could not be copied.*row-level security/)
    expect(error.suggestions.join()).to.include('row level security')
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
    await copyOf(own, target).everything()
    expect(await contentsOf(target.superuserUrl)).to.deep.equal(await contentsOf(own.superuserUrl))
  })
})
