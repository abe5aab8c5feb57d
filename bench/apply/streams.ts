import {ask} from '../stage.js'

/** Something that happens on a source while nobody applies it. */
export interface Stream {
  name: 'bulk' | 'tpcb'
  /** Of rows, as the source makes them. */
  changes: number
  /** Makes the changes; `commits` do not wait for the disk. */
  run(url: string): Promise<void>
  /** Takes away what would make the next round longer. */
  tidy(url: string): Promise<void>
}

export interface StreamSizes {
  /** Of TPC-B, whose tables are those of pgbench: 100,000 accounts for each. */
  scale: number
  transactions: number
  /** Updated and inserted by the other stream. */
  rows: number
}

const SESSIONS = 4
const FAST = 'set synchronous_commit = off'

/** The tables, with the same contents wherever this runs; and procedures that commit, as no client could that fast. */
export const schemaFor = ({scale, rows}: StreamSizes): string[] => [
  `create table pgbench_branches (bid int primary key, bbalance int, filler char(88))`,
  `create table pgbench_tellers (tid int primary key, bid int, tbalance int, filler char(84))`,
  `create table pgbench_accounts (aid int primary key, bid int, abalance int, filler char(84))`,
  `create table pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22))`,
  `insert into pgbench_branches select n, 0 from generate_series(1, ${scale}) n`,
  `insert into pgbench_tellers select n, 1 + (n - 1) / 10, 0 from generate_series(1, ${scale * 10}) n`,
  `insert into pgbench_accounts select n, 1 + (n - 1) / 100000, 0, '' from generate_series(1, ${scale * 100_000}) n`,
  `create table items (id bigint primary key, account int not null, amount numeric(12,2) not null, note text not null, at timestamptz not null)`,
  `insert into items select n, n % 1000, n % 10000 / 100.0, 'item ' || md5(n::text), '2024-01-01'::timestamptz + n * interval '1 s' from generate_series(1, ${rows}) n`,
  `create index on items (account)`,
  `create table beat (id int primary key, at timestamptz not null)`,
  `insert into beat values (1, '2024-01-01')`,
  `create procedure tpcb(transactions int, scale int) language plpgsql as $$
     declare a int; t int; b int; d int;
     begin
       for i in 1 .. transactions loop
         a := 1 + floor(random() * 100000 * scale); t := 1 + floor(random() * 10 * scale); b := 1 + floor(random() * scale); d := floor(random() * 10001) - 5000;
         update pgbench_accounts set abalance = abalance + d where aid = a;
         update pgbench_tellers set tbalance = tbalance + d where tid = t;
         update pgbench_branches set bbalance = bbalance + d where bid = b;
         insert into pgbench_history (tid, bid, aid, delta, mtime) values (t, b, a, d, clock_timestamp());
         commit;
       end loop;
     end $$`,
  `create procedure update_items(up_to int) language plpgsql as $$
     begin
       for low in 1 .. up_to by 1000 loop
         update items set amount = amount + 1, note = 'changed ' || md5(note) where id between low and low + 999;
         commit;
       end loop;
     end $$`,
  `create procedure insert_items(low int, up_to int) language plpgsql as $$
     begin
       for n in low .. up_to loop
         insert into items values (n, n % 1000, n % 10000 / 100.0, 'item ' || md5(n::text), clock_timestamp());
         commit;
       end loop;
     end $$`,
]

/** TPC-B by some sessions; and updates of a thousand rows each beside inserts of one. */
export const streamsOf = ({scale, transactions, rows}: StreamSizes): Stream[] => [
  {
    name: 'tpcb',
    changes: SESSIONS * Math.ceil(transactions / SESSIONS) * 4,
    async run(url) {
      const each = Math.ceil(transactions / SESSIONS)
      const session = (n: number) => ask(url, FAST, `select setseed(${n} / 10.0)`, `call tpcb(${each}, ${scale})`)
      await Promise.all(Array.from({length: SESSIONS}, (_, n) => session(n)))
    },
    tidy: async (url) => void (await ask(url, 'truncate pgbench_history')),
  },
  {
    name: 'bulk',
    changes: 2 * rows,
    async run(url) {
      await Promise.all([
        ask(url, FAST, `call update_items(${rows})`),
        ask(url, FAST, `call insert_items(${rows + 1}, ${2 * rows})`),
      ])
    },
    tidy: async (url) => void (await ask(url, `delete from items where id > ${rows}`)),
  },
]
