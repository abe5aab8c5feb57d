import type {Random} from './hostile-random.js'
import {ACCOUNTS, BULK_ROWS, KINDS, ODD_TABLE} from './hostile-schema.js'

/** Something to send to the server: SQL, or rows for a COPY. */
export type Statement = string | {copy: string; lines: readonly string[]}

export interface Operation {
  name: string
  /** How often, beside the others; 4 unless told. */
  weight?: number
  /** Another credential may not do it. */
  owner?: boolean
  /** The first major that can. */
  since?: number
  statements(random: Random): Statement[]
}

const operation = (name: string, statements: Operation['statements'], how: Partial<Operation> = {}): Operation => ({
  name,
  statements,
  ...how,
})

/** Deletes one row, if it is there, and inserts the very same one again. */
const again = (table: string, condition: string): string =>
  `do $do$ declare r ${table}%rowtype; begin
    delete from ${table} where ${condition} returning * into r;
    if found then insert into ${table} select r.*; end if; end $do$`

const user = (random: Random, most = 400): string =>
  `${random.pick(['user', 'USER', 'User'])}${1 + random.below(most)}@x`

const plain: Operation[] = [
  operation('insert or update by a citext', (random) => [
    `insert into customers (email, n) values ('${user(random)}', ${random.below(9)})
     on conflict (email) do update set n = customers.n + 1, email = excluded.email`,
  ]),
  operation('insert or leave, several at once', (random) => [
    `insert into customers (email) select 'USER' || n || '@X' from generate_series(${random.below(400)}, ${random.below(400)}) n on conflict do nothing`,
  ]),
  operation('update many', (random) => [
    `update customers set n = n + 1 where id between ${random.below(300)} and ${random.below(300)}`,
  ]),
  operation('delete some, with what hangs on them', (random) => [
    `delete from customers where id % 97 = ${random.below(97)}`,
  ]),
  operation('insert parents', (random) => [
    `insert into accounts select n from generate_series(${random.below(60)}, ${random.below(120)}) n on conflict do nothing`,
  ]),
  operation('change the key of a parent', (random) => [
    `update accounts set id = ${random.below(120)} where id = ${random.below(120)}`,
  ]),
  operation('delete a parent', (random) => [`delete from accounts where id = ${random.below(120)}`]),
  operation('insert children', (random) => [
    `insert into orders (account, customer, amount, note)
     select a.id, (select min(id) from customers where id > ${random.below(400)}), random() * 100, repeat('n', ${random.below(60)})
     from accounts a order by a.id % ${2 + random.below(7)}, id limit 4`,
  ]),
  operation('insert children and theirs in one statement', (random) => [
    `with o as (insert into orders (account, amount) select id, 1 from accounts where id > ${random.below(90)} order by id limit 2 returning id)
     insert into lines select o.id, n, n from o, generate_series(1, ${1 + random.below(5)}) n`,
  ]),
  operation('delete children', (random) => [
    `delete from orders where id in (select id from orders where id % 13 = ${random.below(13)} order by id desc limit 3)`,
  ]),
  operation('change a composite key', (random) => [
    `update lines set line = ${random.pick(['-line', 'line + 1000', '-line - 1'])} where order_id % 41 = ${random.below(41)}`,
  ]),
  operation('keys that change places', (random) => {
    const order = `order_id = (select min(order_id) from lines where order_id > ${random.below(1500)})`
    return [
      `update lines set line = line + 100000 where ${order} and line < 100000`,
      `update lines set line = 200003 - line where ${order} and line > 100000 and 200003 - line not in (select line from lines where ${order})`,
    ]
  }),
  operation('numbers that a copy of spellings tells apart', (random) => [
    `update spellings set n = case when scale(n) < 2 then n::numeric(20, ${2 + random.below(3)}) else n::numeric(20, 0) end, v = 'spelt' where n % 7 = ${random.below(7)}`,
    `update spellings set f = case when f::text = '0' then '-0' else 0::float8 end where n = ${random.below(50)}`,
  ]),
  operation('insert hard keys', (random) => [
    `insert into spellings values (${random.pick([`'NaN'`, '1.10', `${random.below(60)}`])}, '${random.pick(['sad', 'ok', 'happy'])}',
      '${random.pick(['infinity', '2024-01-01', '0044-03-15 BC'])}', ${random.pick([`'NaN'`, `'-0'`, '0.1'])}, 'new') on conflict (n, mood, at, f) do update set v = 'again'`,
  ]),
  operation('delete by a hard key', (random) => [
    `delete from spellings where n % 11 = ${random.below(11)} and v is not null`,
  ]),
  operation('respell a key that takes either', (random) => [
    `update aliases set name = ${random.pick(['upper(name::text)', 'lower(name::text)'])} where n % 10 = ${random.below(10)}`,
  ]),
  operation('write by a key that is no primary key', (random) => [
    `insert into aliases values ('alias${random.below(90)}', ${random.below(100)}) on conflict (name) do update set n = excluded.n`,
    `delete from aliases where name = 'ALIAS${random.below(90)}'`,
  ]),
  operation('write to an odd name', (random) => [
    `update ${ODD_TABLE} set "Sel;ect" = "Sel;ect" + case when "Sel;ect" > 1000000 then -1000000 else 1000000 end,
       "a b" = left("a b" || 'z', 9) where "Sel;ect" % 1000000 % 20 = ${random.below(20)}`,
    `insert into ${ODD_TABLE} values (${random.below(90)}, '$$', ${random.below(9)}) on conflict ("Sel;ect") do update set "$$" = excluded."$$"`,
  ]),
]

/** Values that may be there once only, and move. */
const unique: Operation[] = [
  operation('swap in one statement what is unique', (random) => {
    const [a, b] = [1 + random.below(40), 1 + random.below(40)]
    return [
      `update seats s set place = other.place from seats other where s.id in (${a}, ${b}) and other.id = ${a} + ${b} - s.id`,
    ]
  }),
  operation('swap in three statements what is unique', (random) => {
    const [a, b] = [1 + random.below(40), 1 + random.below(40)]
    return [
      `do $$ declare x int; y int; begin
        select spare into x from seats where id = ${a} for update; select spare into y from seats where id = ${b} for update;
        if x is null or y is null or x = y then return; end if;
        update seats set spare = -x where id = ${a}; update seats set spare = x where id = ${b}; update seats set spare = y where id = ${a}; end $$`,
    ]
  }),
  operation('swap until the end of the transaction what is unique', (random) => {
    const [a, b] = [1 + random.below(40), 1 + random.below(40)]
    return [
      'set constraints all deferred',
      `with was as (select late from seats where id = ${a}) update seats set late = was.late, place = place from was where id = ${b}`,
      `update seats set late = n from (select n from generate_series(1, 40) n where n not in (select late from seats) limit 1) free where id = ${a}`,
    ]
  }),
  operation('rotate all that is unique', (random) => [
    random.pick([
      'update seats set place = place % 40 + 1',
      'update queue set position = position % 40 + 1',
      `update queue set position = 41 - position`,
      `update bulk set u = ${BULK_ROWS + 1} - u where u <= 100 or u > ${BULK_ROWS - 100}`,
    ]),
  ]),
  operation('delete a row and insert it again', (random) => [
    again('seats', `id = ${1 + random.below(40)}`),
    again('queue', `position = ${1 + random.below(40)}`),
  ]),
  operation('fill gaps in what is unique', (random) => [
    `insert into seats select n, n, n, n from generate_series(1, 40) n where not exists (select from seats where n in (id, place, spare, late))`,
    `delete from seats where id = ${random.below(400)}`,
  ]),
  operation('move what must not overlap', (random) => [
    `update bookings set during = int4range(${random.below(45)} * 10 + ${random.below(9)}, null) * int4range(0, ${random.below(45)} * 10 + 9) where id = ${1 + random.below(40)}`,
  ]),
  operation('swap what must not overlap', (random) => {
    const [a, b] = [1 + random.below(40), 1 + random.below(40)]
    return [
      `do $$ declare x int4range; y int4range; begin
        select during into x from bookings where id = ${a} for update; select during into y from bookings where id = ${b} for update;
        if x is null or y is null or x = y then return; end if;
        update bookings set during = int4range(-${a} * 10, -${a} * 10 + 1) where id = ${a};
        update bookings set during = x where id = ${b}; update bookings set during = y where id = ${a}; end $$`,
    ]
  }),
]

/** Rows that lie in partitions, in heirs, or have no key. */
const shapes: Operation[] = [
  operation('move rows to other partitions', (random) => [
    `update tree set place = ${random.below(100)}, v = left(v || '.', 20) where id % 50 = ${random.below(50)} and id > ${random.below(800)}`,
  ]),
  operation('insert into a tree', (random) => [
    `insert into tree select n, n % 100, 'n', (select min(id) from accounts where id > n % 60) from generate_series(${random.below(900)}, ${random.below(900)}) n on conflict ${random.pick(['do nothing', `(id, place) do update set v = 'c'`])}`,
  ]),
  operation('delete from a tree', (random) => [`delete from tree where id % 60 = ${random.below(60)}`]),
  operation('write to a partition directly', (random) => [
    random.pick([
      `update tree_low set v = left(v, 3) || 'l' where id % 40 = ${random.below(40)}`,
      `update tree_high set place = 50 + ${random.below(50)} where id = ${random.below(800)}`,
      `update tree_high_b set id = id + 1000 where id % 90 = ${random.below(90)} and id < 1000`,
      `delete from tree_high_a where id % 70 = ${random.below(70)}`,
      `insert into tree_high_b (id, place, v) values (${random.below(2000)}, ${75 + random.below(25)}, 'd') on conflict do nothing`,
    ]),
  ]),
  operation('write to partitions without a key', (random) => [
    random.pick([
      `insert into readings select ${random.below(20)}, date '2021-01-01' + ${random.below(2000)}, 1 from generate_series(1, 3)`,
      `update readings set at = at + ${random.between(-900, 900)} where sensor = ${random.below(20)} and value = 1`,
      `delete from readings where (tableoid, ctid) in (select tableoid, ctid from readings where sensor = ${random.below(20)} limit 3)`,
      `insert into readings_rest values (${random.below(20)}, ${random.pick(['null', `'2030-01-01'`])}, 'NaN')`,
      `update readings_old set value = -value where sensor = ${random.below(20)}`,
    ]),
  ]),
  operation('insert equal rows', (random) => [
    `insert into keyless select ${random.below(40)}, 'same', '{"k": 1, "k": 2}', '2020-01-01' from generate_series(1, ${1 + random.below(4)})`,
    `insert into keyless values (${random.below(40)}, null, '{"k":1}', null)`,
  ]),
  operation('update rows without a key', (random) => [
    `update keyless set b = left(b || 'u', 9) where a = ${random.below(40)}`,
  ]),
  operation('delete some of several equal rows', (random) => [
    `delete from keyless where ctid in (select ctid from keyless where a = ${random.below(40)} limit 3)`,
  ]),
  operation('write to heirs through their parent', (random) => [
    random.pick([
      `update vehicles set v = v + 1 where id % 20 = ${random.below(20)}`,
      `update only vehicles set id = id + 1000 where id = ${random.below(100)}`,
      `update trucks set id = -id, load = 'turned' where id % 30 = ${random.below(30)}`,
      `delete from vehicles where id = ${random.below(100)}`,
      `insert into trucks select n, n, 'new' from generate_series(${random.below(100)}, ${random.below(100)}) n on conflict do nothing`,
      `insert into vehicles select n, n from generate_series(${random.below(100)}, ${random.below(100)}) n on conflict do nothing`,
      `update remarks set v = v + 1 where v = ${random.below(9)}`,
      `delete from only remarks where ctid in (select ctid from only remarks limit 2)`,
      `insert into long_remarks select ${random.below(5)}, 'x' from generate_series(1, 3)`,
    ]),
  ]),
  operation('update beside a large value', (random) => [
    `update documents set title = title + 1 where id % 8 = ${random.below(8)}`,
  ]),
  operation('replace a large value', (random) => [
    `update documents set body = repeat(md5('${random.below(1e9)}'), ${random.pick([1, 300, 2000])}) where id = ${1 + random.below(40)}`,
    again('documents', `id = ${1 + random.below(40)}`),
  ]),
  operation(
    'write hard values',
    (random) => {
      const columns = Array.from({length: 1 + random.below(8)}, () => random.pick(KINDS))
      const sets = [
        ...new Map(columns.map(([name, type, values]) => [name, `${name} = ${random.pick(values)}::${type}`])).values(),
      ]
      return [`update kinds set ${sets.join(', ')} where id % 15 = ${random.below(15)}`]
    },
    {weight: 10},
  ),
  operation('write hard values without a key', (random) => [
    random.pick([
      `insert into bare_kinds select * from kinds where id % 20 = ${random.below(20)}`,
      `insert into bare_kinds select * from bare_kinds where id % 10 = ${random.below(10)} limit 3`,
      `delete from bare_kinds where ctid in (select ctid from bare_kinds where id % 20 = ${random.below(20)} limit 5)`,
      `update bare_kinds set id = ${random.below(20)} where ctid in (select ctid from bare_kinds where id = ${random.below(20)} limit 2)`,
    ]),
  ]),
  operation('change, delete and insert the keys of hard values', (random) => [
    `update kinds set id = ${random.below(90)} where id = ${random.below(90)}`,
    again('kinds', `id = ${random.below(90)}`),
    `insert into kinds (id) select n from generate_series(1, 60) n on conflict do nothing`,
  ]),
  operation('insert a child before its parent', (random) => {
    const id = 1000 + random.below(100)
    return [
      'set constraints all deferred',
      `insert into nodes (id, parent) values (${id}, ${id} + 1000) on conflict do nothing`,
      `insert into nodes (id) values (${id} + 1000) on conflict do nothing`,
    ]
  }),
  operation('replace a row that others point to', (random) => [
    `set constraints all deferred`,
    again('nodes', `id = ${1 + random.below(120)}`),
    `update nodes set v = v + 1, parent = ${1 + random.below(60)} where id = ${60 + random.below(60)}`,
  ]),
  operation('make triggers of the app write', (random) => [
    `update nested set v = v + 1 where id between ${random.below(60)} and ${random.below(60)}`,
    `insert into nested values (${random.below(90)}, 0) on conflict (id) do update set v = nested.v + 1`,
  ]),
]

const transfers: Operation[] = [
  operation('move between balances in one statement', (random) => {
    const [a, b, much] = [1 + random.below(ACCOUNTS), 1 + random.below(ACCOUNTS), random.below(50)]
    return [
      `update balances set amount = amount + case when id = ${a} then ${much} else -${much} end where id in (${a}, ${b}) and ${a} <> ${b}`,
    ]
  }),
  operation('move between balances, in an order that invites deadlocks', (random) => {
    const [a, b, much] = [1 + random.below(ACCOUNTS), 1 + random.below(ACCOUNTS), random.below(50)]
    return [
      `update balances set amount = amount - ${much} where id = ${a}`,
      `update customers set n = n + 1 where id = ${random.below(20)}`,
      `update balances set amount = amount + ${much} where id = ${b}`,
    ]
  }),
]

const rare: Operation[] = [
  operation(
    'merge',
    (random) => [
      `merge into customers c using (select n, 'm' || n || '@x' as email from generate_series(${random.below(300)}, ${random.below(300)}) n) s on c.id = s.n
     when matched and c.n > 9 then delete when matched then update set n = c.n + 2 when not matched then insert (email) values (s.email)`,
      `merge into tree t using (select n as id, n % 100 as place from generate_series(${random.below(800)}, ${random.below(800)}) n) s on t.id = s.id and t.place = s.place
     when matched and t.id % 3 = 0 then delete when matched then update set v = 'm', place = (t.place + 50) % 100 when not matched then insert (id, place, v) values (s.id, s.place, 'm')`,
    ],
    {since: 15},
  ),
  operation('copy', (random) => [
    {
      copy: 'copy keyless (a, b, j) from stdin',
      lines: Array.from({length: random.below(20)}, () => `${random.below(40)}\tcopied \\\\ \\t\t{"k":  [1]}`),
    },
    {
      copy: 'copy tree (id, place, v) from stdin',
      lines: Array.from({length: random.below(10)}, () => `${2000 + random.below(1e6)}\t${random.below(100)}\tcopied`),
    },
  ]),
  operation('copy what may be there', (random) => [
    {copy: 'copy customers (email, n) from stdin', lines: Array.from({length: 3}, () => `${user(random, 5000)}\t0`)},
  ]),
  operation(
    'truncate between writes',
    (random) => [
      `insert into keyless values (1, 'before', null, null)`,
      'truncate keyless',
      `insert into keyless select n % 40, 'after', '1', null from generate_series(1, ${random.below(300)}) n`,
    ],
    {weight: 0.4, owner: true},
  ),
  operation(
    'truncate a tree, or a part of it',
    (random) => [
      `truncate ${random.pick(['tree', 'tree_low', 'tree_high', 'tree_high_b', 'readings', 'readings_old'])}`,
      `insert into tree select n, n % 100, 't' from generate_series(1, 300) n on conflict do nothing`,
    ],
    {weight: 0.4, owner: true},
  ),
  operation(
    'truncate parents with their children',
    () => ['truncate accounts cascade', 'insert into accounts select n from generate_series(1, 60) n'],
    {weight: 0.2, owner: true},
  ),
  operation(
    'truncate heirs with their parent',
    (random) => [
      `truncate ${random.pick(['vehicles', 'only vehicles', 'trucks', 'remarks', 'only remarks', 'documents, kinds', 'seats restart identity'])}`,
      `insert into vehicles select n, n from generate_series(1, 40) n on conflict do nothing`,
      `insert into documents select n, 0, repeat(md5(n::text), 300) from generate_series(1, 40) n on conflict do nothing`,
    ],
    {weight: 0.3, owner: true},
  ),
]

export const OPERATIONS: readonly Operation[] = [...plain, ...unique, ...shapes, ...transfers, ...rare]

/** So much at once that no sync takes all of it in one go; unique values move between rows that lie far apart. */
export const BACKLOG: readonly string[] = [
  `update bulk set u = (u + 1777) % ${BULK_ROWS} + 1, v = v + 1`,
  'update bulk set v = v + 1',
  `update bulk set u = ${BULK_ROWS + 1} - u`,
  'update bulk set v = v + 1',
  'update bulk set v = v + 1',
]
