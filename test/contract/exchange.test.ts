import {expect} from 'chai'

import type {Session} from '../../src/lib/ports/ports.js'
import {exchange, type Part, type Stop} from '../../src/lib/postgres/copy-stream.js'
import {ask, errorOf, servers, type Source, type Target} from '../support/servers.js'

const never = new AbortController().signal

describe('An exchange of rows in one message on either side', () => {
  const both = servers()
  let source: Source
  let target: Target

  before(async () => {
    ;[source, target] = [await both.newSource(), await both.newTarget()]
    await ask(
      source.url,
      `create table public.items (id int primary key, v text);
       insert into items select n, repeat('v', n % 5000) from generate_series(1, 20000) n;
       create table public.nothing (id int);
       create table public.few (id int);
       insert into few values (1), (2)`,
    )
    await ask(
      target.url,
      `create table public.items (id int primary key, v text);
       create table public.nothing (id int);
       create table public.few (id int primary key)`,
    )
  })

  afterEach(() => ask(target.url, 'truncate items, nothing, few'))

  const moving = (name: string): Part => ({
    name,
    out: [`copy public.${name} to stdout`, `delete from public.${name} where false`],
    into: [`delete from public.${name}`, `copy public.${name} from stdin`, `select 1`],
  })
  const PARTS = ['items', 'nothing', 'few', 'nothing'].map(moving)

  const between = <T>(work: (ends: {from: Session; to: Session}) => Promise<T>): Promise<T> =>
    source.db.transaction((from) => target.db.transaction((to) => work({from, to})))

  it('brings each table, and tells the rows of every statement, the first of its transactions or not', async () => {
    let bytes = 0
    const count = (more: number) => (bytes += more)
    const counts = await between((ends) => exchange(ends, PARTS, {signal: never, sent: count}))
    expect(counts).to.deep.equal([
      {out: [20_000, 0], into: [0, 20_000, 1]},
      {out: [0, 0], into: [0, 0, 1]},
      {out: [2, 0], into: [0, 2, 1]},
      {out: [0, 0], into: [0, 0, 1]},
    ])
    const [digest] = await ask<{d: string}>(
      source.url,
      `select md5(string_agg(id || v, '' order by id)) as d from items`,
    )
    expect(await ask(target.url, `select md5(string_agg(id || v, '' order by id)) as d from items`)).to.deep.equal([
      digest,
    ])
    expect(bytes).to.be.greaterThan(20_000 * 2500)
    const again = await between(async ({from, to}) => {
      await Promise.all([from.query('select'), to.query('select')])
      return exchange({from, to}, PARTS, {signal: never})
    })
    expect(again.map(({into}) => into[0])).to.deep.equal([20_000, 0, 2, 0])
  })

  for (const [what, side, name, change] of [
    [
      'the target refuses rows',
      'to',
      'few',
      (parts: Part[]) => withInto(parts, 2, ['select', 'copy public.few (id) from stdin']),
    ],
    [
      'the target refuses what comes before rows',
      'to',
      'nothing',
      (parts: Part[]) => withInto(parts, 1, ['select 1 / 0', 'copy public.nothing from stdin']),
    ],
    [
      'the target refuses what comes last',
      'to',
      'nothing',
      (parts: Part[]) => withInto(parts, 3, ['copy public.nothing from stdin', 'select 1 / 0']),
    ],
    [
      'the source fails at its rows',
      'from',
      'few',
      (parts: Part[]) => withOut(parts, 2, ['copy (select 1 / (id - 2) from public.few) to stdout']),
    ],
    [
      'the source fails after the last rows',
      'from',
      'nothing',
      (parts: Part[]) => withOut(parts, 3, ['copy public.nothing to stdout', 'select 1 / 0']),
    ],
  ] as const) {
    it(`says where it stopped, once ${what}, and leaves nothing`, async () => {
      await ask(target.url, 'insert into few values (2)')
      const stops: Stop[] = []
      const explain = (error: unknown, stop: Stop) => (stops.push(stop), error)
      const error = await errorOf(between((ends) => exchange(ends, change([...PARTS]), {signal: never}, explain)))
      expect(error.message).to.match(/division by zero|duplicate key/)
      expect(stops.map((stop) => [stop.side, stop.part.name])).to.deep.equal([[side, name]])
      expect(await ask(target.url, 'select (select count(*)::int from items) as items, id from few')).to.deep.equal([
        {items: 0, id: 2},
      ])
      expect(await source.db.query('select 1 as ok')).to.deep.equal([{ok: 1}])
    })
  }

  it('fails where one side took other rows than the other sent', async () => {
    await ask(
      target.url,
      'create or replace function public.refused() returns trigger language plpgsql as $$begin return null; end$$; create trigger refused before insert on few for each row execute function refused()',
    )
    const error = await errorOf(between((ends) => exchange(ends, PARTS, {signal: never})))
    expect(error.message).to.equal('few: the source sent 2 rows, the target took 0')
    await ask(target.url, 'drop trigger refused on few')
  })

  it('ends when it is interrupted, on both sides', async () => {
    const stop = new AbortController()
    let sent = 0
    const soon = (bytes: number) => {
      sent += bytes
      if (sent > 1_000_000) stop.abort(new Error('stopped'))
    }
    const endless = [
      {...moving('items'), out: ['copy (select generate_series(1, 1000000000), repeat($$v$$, 1000)) to stdout']},
    ]
    await errorOf(between((ends) => exchange(ends, endless, {signal: stop.signal, sent: soon})))
    expect(await ask(target.url, 'select count(*)::int as n from items')).to.deep.equal([{n: 0}])
  })
})

const withInto = (parts: Part[], nth: number, into: string[]): Part[] =>
  parts.map((part, i) => (i === nth ? {...part, into} : part))

const withOut = (parts: Part[], nth: number, out: string[]): Part[] =>
  parts.map((part, i) => (i === nth ? {...part, out} : part))
