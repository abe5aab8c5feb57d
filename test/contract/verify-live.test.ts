import {expect} from 'chai'

import type {Difference} from '../../src/lib/verify/locate.js'
import type {RdsError} from '../../src/lib/ports/errors.js'
import {everyAnswer} from '../../src/lib/postgres/answers.js'
import type {Queryable} from '../../src/lib/ports/ports.js'
import {VERIFIED} from '../../src/lib/verify/proof.js'
import {RowName} from '../../src/lib/verify/row-name.js'
import {compareTouched, frozenEnds, touchedSinceVerified} from '../../src/lib/verify/touched.js'
import {capturedTables} from '../../src/lib/capture/captured.js'
import {captureOf, sampleWhileLive, verifyTouchedLive, verifyWhileLive} from '../support/capture.js'
import {ask, errorOf, newClient, servers, type Source, type Target} from '../support/servers.js'
import {forward} from '../../src/lib/runbook/migration.js'

/** Rows up to 5000 are left alone, and may be damaged on the target; those above are written to all the time. */
const SCHEMA = `
  create table things (id int primary key, name text, amount numeric, ratio float8, at timestamptz, doc jsonb, raw json, data bytea, flag boolean, list int[]);
  insert into things select n, 'thing ' || n, n / 7.0, case n % 3 when 0 then 0 else n / 3.0 end, '2024-01-01'::timestamptz + n * interval '1 s',
    jsonb_build_object('n', n, 'list', jsonb_build_array(1, 2)), '{"b":1,"a":2}', decode(md5(n::text), 'hex'), n % 2 = 0, array[n, n + 1]
  from generate_series(1, 6000) n;
  create table pairs (a text, b bigint, note text, primary key (a, b));
  insert into pairs select 'k' || n % 7, n, 'note' from generate_series(1, 6000) n;
  create table bare (a int, b text);
  insert into bare select n % 100, 'same' from generate_series(1, 3000) n;
  create table parts (id int, at date, v text, primary key (id, at)) partition by range (at);
  create table parts_1 partition of parts for values from ('2024-01-01') to ('2025-01-01');
  create table parts_2 partition of parts default;
  insert into parts select n, case when n % 2 = 0 then '2024-05-05' else '2026-01-01' end::date, 'v' from generate_series(1, 3000) n`

const DAMAGE: [what: string, sql: (id: number) => string, columns: string[]][] = [
  [
    'a changed byte',
    (id) => `update things set data = set_byte(data, 3, (get_byte(data, 3) + 1) % 256) where id = ${id}`,
    ['data'],
  ],
  ['a trailing space', (id) => `update things set name = name || ' ' where id = ${id}`, ['name']],
  ['a microsecond', (id) => `update things set at = at + interval '1 microsecond' where id = ${id}`, ['at']],
  ['minus zero', (id) => `update things set ratio = '-0' where id = ${id - (id % 3)}`, ['ratio']],
  ['NaN', (id) => `update things set amount = 'NaN' where id = ${id}`, ['amount']],
  ['another scale', (id) => `update things set amount = amount * 1.0 where id = ${id}`, ['amount']],
  ['json in another order', (id) => `update things set raw = '{"a":2,"b":1}' where id = ${id}`, ['raw']],
  ['a key of jsonb', (id) => `update things set doc = doc || '{"x": null}' where id = ${id}`, ['doc']],
  ['null for false', (id) => `update things set flag = null where id = ${id}`, ['flag']],
  [
    'the bounds of an array',
    (id) => `update things set list = ('[0:1]={' || list[1] || ',' || list[2] || '}')::int[] where id = ${id}`,
    ['list'],
  ],
]

const verifiedSoFar = async (to: Queryable) => (await everyAnswer(to, {verified: VERIFIED})).verified

describe('Verification while the app writes', () => {
  const both = servers()
  let source: Source
  let target: Target
  let capture: Awaited<ReturnType<typeof captureOf>>
  const writing = new AbortController()
  let writer: Promise<void>

  before(async () => {
    source = await both.newSource()
    await ask(source.url, SCHEMA)
    target = await both.newTarget()
    capture = await captureOf(source, target)
    await capture.start()
    writer = write()
  })

  after(async () => {
    writing.abort()
    await writer
  })

  async function write(): Promise<void> {
    const client = await newClient(source.url)
    for (let n = 0; !writing.signal.aborted; n++) {
      const id = 5001 + (n % 1000)
      await client.query(`begin; update things set name = 'written ' || ${n} where id = ${id}; update pairs set note = 'w${n}' where b = ${id};
        insert into things (id, name) values (${10_000 + n}, 'new'); delete from things where id = ${9_000 + n}; commit`)
    }
    await client.end()
  }

  /** As somebody does who has found the key of the fence: it is shut to everybody else. */
  async function damage(where: Target, sql: string): Promise<void> {
    const [note] = await ask<{key: string}>(
      where.url,
      `select value #>> '{}' as key from heroku_rds.notes where key = 'fenceKey'`,
    )
    await ask(where.url, `set heroku_rds.pass = '${note!.key}'; ${sql}`)
  }

  const named = (differences: readonly Difference[]) =>
    differences
      .map(({table, row, what, columns}) =>
        [table.replaceAll('"', ''), row.reveal(), what, ...(columns ?? [])].join(' '),
      )
      .sort()

  it('finds nothing where there is nothing', async () => {
    const {differences, tables, rows} = await verifyWhileLive(capture.migration)
    expect(differences).to.deep.equal([])
    expect(tables).to.equal(5)
    expect(Number(rows)).to.be.above(17_000)
    expect(await verifiedSoFar(target.db)).to.include({tables: 4, of: 4})
  })

  it('finds nothing in a sample where there is nothing', async () => {
    const sample = await sampleWhileLive(capture.migration)
    expect(sample).to.deep.include({tables: 3, rows: 3000n, differences: [], sampled: true})
  })

  for (const side of ['source', 'target'] as const) {
    it(`says that it could not, when the session ends that keeps the moment of the ${side}`, async () => {
      const {db, superuserUrl} = side === 'source' ? source : target
      const transaction = db.transaction.bind(db)
      let reading = 0
      db.transaction = async (work, options) => {
        if (options?.mode?.endsWith('read only') && ++reading === 3) {
          const ended = await ask(
            superuserUrl,
            `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and query like '%select pg_export_snapshot()%' and state like 'idle in transaction%'`,
          )
          expect(ended).to.have.lengthOf(1)
        }
        return transaction(work, options)
      }
      try {
        const error = await errorOf<RdsError>(verifyWhileLive(capture.migration))
        expect(error).to.include({code: 'snapshot_lost', exitCode: 4})
        expect(error.message).to.match(
          RegExp(`broke off: (the session that kept the snapshot of the ${side} ended|.*connection)`, 'i'),
        )
      } finally {
        db.transaction = transaction
      }
      expect((await verifyWhileLive(capture.migration)).differences).to.deep.equal([])
    })
  }

  it('finds every one of two hundred planted differences, and nothing else', async () => {
    const expected: string[] = []
    for (let n = 0; n < 200; n++) {
      const id = 3 + n * 24 + 3 * Math.floor(Math.random() * 7)
      const kind = n % (DAMAGE.length + 3)
      const planted = DAMAGE[kind]
      if (planted) {
        await damage(target, planted[1](id))
        expected.push(`public.things (${id}) different ${planted[2].map((column) => `"${column}"`).join(' ')}`)
      } else if (kind === DAMAGE.length) {
        await damage(target, `delete from things where id = ${id}`)
        expected.push(`public.things (${id}) missing on the target`)
      } else if (kind === DAMAGE.length + 1) {
        await damage(target, `insert into things (id) values (${-id})`)
        expected.push(`public.things (${-id}) only on the target`)
      } else {
        await damage(target, `update pairs set note = 'Note' where b = ${id}`)
        expected.push(`public.pairs (k${id % 7},${id}) different "note"`)
      }
    }
    await damage(
      target,
      `delete from bare where ctid in (select ctid from bare where a = 5 limit 1); update parts set v = 'V' where id = 42`,
    )
    expected.push('public.bare (5,same) missing on the target', 'public.parts_1 (42,2024-05-05) different "v"')

    const {differences} = await verifyWhileLive(capture.migration)
    expect(named(differences)).to.deep.equal(expected.sort())
    expect((await verifiedSoFar(target.db)).tables).to.equal(0)

    const sample = await sampleWhileLive(capture.migration)
    const rows = new Set(differences.map(({row}) => row.reveal()))
    expect(sample.differences.length).to.be.above(0)
    expect(sample.differences.filter(({row}) => !rows.has(row.reveal()))).to.deep.equal([])
  })

  it('has rows that differ brought again by the next sync, but for those without a key', async () => {
    await verifyWhileLive(capture.migration, {repair: true})
    await capture.sync()
    const {differences} = await verifyWhileLive(capture.migration)
    expect(named(differences)).to.deep.equal(['public.bare (5,same) missing on the target'])
    expect((await verifiedSoFar(target.db)).tables).to.equal(3)
  })

  it('is trusted again after a failover of the source, once every row was compared', async () => {
    await target.db.query(`update heroku_rds.sync_state set source_server = 'another/00000001'`)
    const refused = await errorOf(capture.sync())
    expect(refused.code).to.equal('source_failed_over')
    await verifyWhileLive(capture.migration, {repair: true})
    await capture.sync()
  })

  it('looks in the window only at what was touched since, and finds what is wrong there', async () => {
    writing.abort()
    await writer
    const [fresh, copy] = [await both.newSource(), await both.newTarget()]
    await ask(fresh.url, SCHEMA)
    const again = await captureOf(fresh, copy)
    await again.start()
    await verifyWhileLive(again.migration)
    await ask(
      fresh.url,
      `update things set name = 'touched' where id < 10; delete from pairs where b < 5; update bare set b = 'u' where a = 1`,
    )
    await again.sync()
    const {tables} = await capturedTables(forward(again.migration))
    const touched = await touchedSinceVerified(copy.db, tables)
    const compare = () => compareTouched(touched, frozenEnds(forward(again.migration)), new AbortController().signal)
    const clean = await compare()
    expect(clean.keys).to.equal(13)
    expect(clean.whole.map(({name}) => name)).to.deep.equal(['"public"."bare"'])
    expect(clean.compared.map(({table: unit, differences}) => [unit.name, differences])).to.have.deep.members([
      ['"public"."pairs"', []],
      ['"public"."things"', []],
    ])

    await damage(
      copy,
      `update things set name = 'damaged' where id in (3, 4000); delete from things where id = 4; insert into pairs values ('k1', 1, 'note')`,
    )
    const {compared} = await compare()
    expect(compared.flatMap(({differences}) => differences).sort()).to.have.members([
      `"public"."pairs" row ${new RowName('(k1,1)')} is only on the target`,
      `"public"."things" row ${new RowName('(3)')} differs`,
      `"public"."things" row ${new RowName('(4)')} is missing on the target`,
    ])
  })

  it('looks at a table without a key only as far as it grew, until one of its older rows goes', async () => {
    const [fresh, copy] = [await both.newSource(), await both.newTarget()]
    await ask(
      fresh.url,
      `create table bare (a int, b text); insert into bare select n % 100, 'old' from generate_series(1, 1000) n`,
    )
    const growing = await captureOf(fresh, copy)
    await growing.start()
    const running = await fresh.client()
    await running.query(`begin; insert into bare values (0, 'came in a transaction that still runs')`)
    await ask(fresh.url, `insert into bare values (1, 'younger'), (2, 'younger'), (2, 'younger')`)
    await growing.sync()
    await verifyWhileLive(growing.migration)
    await running.query('commit')
    await ask(fresh.url, `insert into bare select n % 10, 'new' from generate_series(1, 100) n`)
    await growing.sync()

    const {tables} = await capturedTables(forward(growing.migration))
    const lookAgain = async () => {
      const touched = await touchedSinceVerified(copy.db, tables)
      const {grown, whole} = await compareTouched(
        touched,
        frozenEnds(forward(growing.migration)),
        new AbortController().signal,
      )
      return whole.length > 0 ? 'whole' : grown.map(({rows}) => Number(rows)).join()
    }
    expect(await lookAgain()).to.equal('101')
    for (const [harm, mend] of [
      [`update bare set b = 'damaged' where a = 5 and b = 'new'`, `update bare set b = 'new' where b = 'damaged'`],
      [`insert into bare values (7, 'too many')`, `delete from bare where b = 'too many'`],
      [`delete from bare where a = 9 and b = 'new'`, `insert into bare select 9, 'new' from generate_series(1, 10)`],
    ] as const) {
      await damage(copy, harm)
      expect(await lookAgain(), harm).to.equal('whole')
      await damage(copy, mend)
      expect(await lookAgain(), mend).to.equal('101')
    }

    const live = await verifyTouchedLive(growing.migration)
    expect({...live, whole: live.whole.size}).to.deep.equal({keys: 0, differences: [], whole: 0})
    expect(await lookAgain(), 'looked at while the app writes').to.equal('')
    await ask(fresh.url, `insert into bare values (8, 'after that')`)
    await growing.sync()
    expect(await lookAgain()).to.equal('1')

    await ask(fresh.url, `delete from bare where b = 'younger' and a = 1`)
    await growing.sync()
    expect(await lookAgain(), 'a row that was there').to.equal('whole')
    const {whole} = await verifyTouchedLive(growing.migration)
    expect(whole.size).to.equal(1)
    await verifyWhileLive(growing.migration, {only: whole})
    expect(await lookAgain()).to.equal('')
    await damage(
      copy,
      `delete from bare where ctid = (select ctid from bare where b = 'old' limit 1); insert into bare values (1, 'old')`,
    )
    await ask(fresh.url, `insert into bare values (3, 'more')`)
    await growing.sync()
    expect(await lookAgain(), 'one old row for another').to.equal('whole')
  })
})
