import {expectMove} from '../support/schema-move.js'
import {useSandbox} from '../support/world.js'

describe('A real schema moves to a server that leaves names to the session', () => {
  const world = useSandbox({sourceMajor: 14, targetMajor: 16})

  it('whose code finds things by the search_path of the database', () =>
    expectMove(world.sandbox, {
      schema: 'search-path',
      writes: [
        `insert into shop2.aa_items (w) values ('red')`,
        `update shop2.aa_items set w = 'green', shout = 'B' where id % 50 = (random() * 49)::int`,
        `insert into shop2.aa_log (w) values ('three')`,
        `delete from shop2.aa_log where ctid = (select ctid from shop2.aa_log limit 1)`,
        `update shop2.parts set w = 'green' where w = 'red' and n = (random() * 20)::int`,
        `insert into shop2.parts values ('red', 5)`,
      ],
    }))
})
