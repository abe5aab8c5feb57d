import {expect} from 'chai'

import {clock} from '../../src/lib/adapters/clock.js'
import {assess} from '../../src/lib/assessment/assess.js'
import {known} from '../../src/lib/ports/fact.js'
import {streamRows} from '../../src/lib/postgres/copy-stream.js'
import {measureLine} from '../../src/lib/postgres/line.js'
import {copyOf} from '../support/copy.js'
import {ADDON, healthyHeroku, healthyRds} from '../support/healthy.js'
import {ask, servers, type Source, type Target} from '../support/servers.js'

const {signal} = new AbortController()

describe('The line to a database', () => {
  describe('of 40 ms and 8 Mbit/s', () => {
    const both = servers({distance: {databases: {roundTripMs: 40, mbitPerSecond: 8}}})

    it('is measured either way: never shorter, never wider than it is', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      const [down, up] = await Promise.all([measureLine(source.db, 'down', clock), measureLine(target.db, 'up', clock)])
      for (const {roundTripSeconds, bytesPerSecond} of [down, up]) {
        expect(roundTripSeconds).to.be.within(0.039, 1)
        // A machine that is busy sees less of it, and a clock of milliseconds a little more.
        expect(bytesPerSecond).to.be.within(0.02e6, 1.1e6)
      }
    })
  })

  describe('that is slower than it seems', () => {
    const both = servers({distance: {databases: {roundTripMs: 10, mbitPerSecond: 0.1}}})

    it('is not measured to the end, and both databases answer afterwards', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      for (const [db, way] of [
        [source.db, 'down'],
        [target.db, 'up'],
      ] as const) {
        // Twelve kilobytes a second take five seconds for what it is sent first; it is given two.
        const {bytesPerSecond} = await measureLine(db, way, clock)
        expect(bytesPerSecond).to.be.within(2000, 64_000)
        expect(await db.query('select 1 as one')).to.deep.equal([{one: 1}])
      }
    })
  })

  describe('of half a second', () => {
    const ROUND_TRIP_MS = 500
    const both = servers({distance: {databases: {roundTripMs: ROUND_TRIP_MS}}})

    it('carries more than 100 Mbit/s at 20 ms hold, in one stream: a copy does not wait for what was sent to arrive', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      await ask(
        source.url,
        `create table wide (id int, filler text);
         alter table wide alter filler set storage external;
         insert into wide select n, repeat(md5(n::text), 250) from generate_series(1, 2000) n`,
      )
      await ask(target.url, 'create table wide (id int, filler text)')
      const began = Date.now()
      const {bytes} = await source.db.session((from) =>
        target.db.session((to) =>
          streamRows({from, out: 'copy public.wide to stdout'}, {to, into: 'copy public.wide from stdin'}, 'wide', {
            signal,
          }),
        ),
      )
      const trips = (Date.now() - began) / ROUND_TRIP_MS
      expect(bytes).to.be.above(16e6)
      expect(bytes / trips, 'bytes in flight').to.be.above((100e6 / 8) * 0.02)
    })
  })
})

describe('The bytes that a copy is expected to send', () => {
  const both = servers()
  let source: Source
  let target: Target

  before(async () => {
    source = await both.newSource()
    target = await both.newTarget()
  })

  it('are about those that it sends: narrow rows, compressed ones, nulls, arrays, partitions, tables nobody has analyzed', async () => {
    await ask(
      source.url,
      `create type mood as enum ('fine', 'so so');
       create table narrow (id int primary key, at timestamptz, amount numeric(12,2), flag boolean);
       insert into narrow select n, now(), n / 7.0, n % 2 = 0 from generate_series(1, 60000) n;
       create table documents (id bigint primary key, body text, data jsonb, words text[], mood mood);
       insert into documents select n, repeat('the same words again and again ', 400), jsonb_build_object('n', n, 'w', md5(n::text)),
         array[md5(n::text), null, 'x'], 'fine' from generate_series(1, 2000) n;
       create table pictures (id int, bytes bytea);
       insert into pictures select n, (select string_agg(sha512((n * 31 + i)::text::bytea), '') from generate_series(1, 100) i) from generate_series(1, 800) n;
       create table sparse (id int, a text, b text, c text, d int);
       insert into sparse (id) select generate_series(1, 30000);
       create table days (id int, day date, note text, long int generated always as (length(note)) stored) partition by range (day);
       create table day_one partition of days for values from ('2025-01-01') to ('2026-01-01');
       insert into days select n, '2025-05-05', md5(n::text) from generate_series(1, 20000) n;
       create table empty (id int)`,
    )
    const {copy} = await assess(
      {
        app: 'shop',
        addon: ADDON,
        heroku: healthyHeroku(),
        source: source.db,
        sourceAddress: source.parts,
        target: target.db,
        rds: healthyRds,
        clock,
      },
      {measureLines: true},
    )
    const {bytes} = await copyOf(source, target).everything()
    expect(known(copy!).bytes / bytes).to.be.within(0.85, 1.15)
  })
})
