import {expect} from 'chai'

import {run} from '../support/schema-file.js'
import {expectMove} from '../support/schema-move.js'
import {prepare, useSandbox} from '../support/world.js'
import {failureOf} from './support.js'

describe('A real schema moves', () => {
  const world = useSandbox()

  it('with what public reports and real apps hold', () =>
    expectMove(world.sandbox, {
      schema: 'apps',
      writes: [
        'update votes set v = v + 1 where id = (random() * 999)::int + 1',
        `update votes set kind = (enum_range(null::kind))[1 + (random() * 9)::int] where id = (random() * 999)::int + 1
           and not exists (select from votes other where other.id = votes.id and other.kind <> votes.kind)`,
        `insert into votes select 2000 + (random() * 100000)::int, 'c' on conflict do nothing`,
        'update ballots set v = v + 1 where id = (random() * 300)::int',
        'delete from ballots where id = (random() * 300)::int and v > 2',
        `update members set v = v + 1 where email = 'u' || (random() * 300)::int`,
        "update pairs set v = v + 1 where k *= row(1.0, 'x')::pair",
        "update pairs set v = v + 1 where k *= row(1.00, 'x')::pair",
        `with new as (insert into words values ('w' || md5(random()::text)) returning w)
           insert into a_items (w) select 'red' from new`,
        `update a_items set w = 'green' where id % 50 = (random() * 49)::int`,
        `insert into a_labels (w) values ('red')`,
        'update rates set v = v + 1',
        'update keyless_rates set v = v + 1 where r = 1',
        'update prices set cents = cents + 1 where id > 2',
        'update child set late = late + 1 where id = 10 + (random() * 50)::int',
        `insert into keyless_child (a, extra, late) values ('n', 'n', 1)`,
        'delete from keyless_child where ctid = (select ctid from only keyless_child limit 1)',
      ],
      // an index that was built before the words had come would find nothing
      holds: [
        'set enable_seqscan = off',
        `select count(*) >= 500 as holds
           from only a_items where length_in_words(w) = 1`,
      ],
      meanwhile: ['truncate votes_1', 'reindex index concurrently members_uid'],
    }))

  it('not with a materialized view that cannot be refreshed any more: rds:start names it, and goes on once it is empty', async () => {
    const shop = await world.sandbox.openShop({formation: {web: 1}})
    await run(shop.source.url, [
      'create table readings (id int primary key)',
      'insert into readings values (1)',
      'create materialized view ratios as select 10 / id as ratio from readings',
      'insert into readings values (0)',
    ])
    const failure = await failureOf(prepare(shop))
    expect(failure.message).to.include('materialized view "public"."ratios" could not be refreshed').and.include('zero')
    expect(failure.suggestions.join()).to.include('on the source')
    await run(shop.source.url, ['refresh materialized view ratios with no data'])
    await prepare(shop)
  })
})
