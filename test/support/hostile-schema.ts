/** Tables of which each has something that a careless copy of changes gets wrong. */
export const hostileSchema = (major: number): string => `
  create type mood as enum ('sad', 'ok', 'happy');
  create type pair as (a int, b text);
  create domain positive as int check (value > 0);

  create table customers (id int generated always as identity primary key, email heroku_ext.citext not null unique,
    n int not null default 0, shown text generated always as (n::text || '!') stored);
  create table accounts (id int primary key, note text);
  create table orders (id bigserial primary key, account int not null references accounts on update cascade on delete cascade,
    customer int references customers on delete set null, amount numeric, note text);
  create table lines (order_id bigint references orders on delete cascade, line int, quantity float8, primary key (order_id, line));
  create index on orders (account);
  create index on orders (customer);

  create table seats (id int primary key, place int not null unique deferrable initially immediate, spare int not null unique,
    late int not null unique deferrable initially deferred);
  create table queue (position int primary key deferrable initially immediate, what text);
  create table bookings (id int primary key, during int4range not null, exclude using gist (during with &&));
  create table aliases (name heroku_ext.citext not null unique, n int);
  create table spellings (n numeric, mood mood, at timestamptz, f float8, v text, primary key (n, mood, at, f));
  create table balances (id int primary key, amount int not null);
  create table bulk (id int, long text default repeat('k', 240), u int not null unique deferrable initially immediate, v int not null default 0,
    primary key (id, long));

  create table tree (id int, place int, v text, account int references accounts on update cascade on delete set null, primary key (id, place))
    partition by range (place);
  create table tree_low partition of tree for values from (0) to (50);
  create table tree_high partition of tree for values from (50) to (100) partition by range (place);
  create table tree_high_a partition of tree_high for values from (50) to (75);
  create table tree_high_b (v text, gone int, account int, place int not null, id int not null);
  alter table tree_high_b drop gone;
  alter table tree_high attach partition tree_high_b for values from (75) to (100);
  create table readings (sensor int, at date, value float8) partition by range (at);
  create table readings_old partition of readings for values from ('2020-01-01') to ('2024-01-01');
  create table readings_rest partition of readings default;

  create table keyless (a int, b text, j json, at timestamptz);
  create table vehicles (id int primary key, v int);
  create table trucks (load text, primary key (id)) inherits (vehicles);
  create table remarks (v int);
  create table long_remarks (extra text) inherits (remarks);
  create table documents (id int primary key, title int not null default 0, body text);
  alter table documents alter body set storage external;
  create table nodes (id int primary key, parent int references nodes deferrable initially deferred, v int not null default 0);
  create table kinds (id int primary key, ${columnsOf(major)});
  create table bare_kinds (id int, ${columnsOf(major)});

  create table audit (id int, was int, is_now int);
  create table nested (id int primary key, v int, touched int not null default 0);
  create function touch_again() returns trigger language plpgsql as $$ begin
    if new.touched = old.touched then update public.nested set touched = touched + 1 where id = new.id; end if; return null; end $$;
  create function keep_audit() returns trigger language plpgsql as $$ begin
    insert into public.audit values (new.id, old.v, new.v); return null; end $$;
  create trigger zz_touch after update on nested for each row execute function touch_again();
  create trigger aa_touch after update on nested for each row when (new.v % 7 = 0) execute function touch_again();
  create trigger audit after update on nested for each row when (new.v % 5 = 0) execute function keep_audit();

  create schema "Od""d; Sch";
  create table ${ODD_TABLE} ("Sel;ect" int primary key, "a b" text, "$$" int);

  insert into customers (email, n) select 'user' || n || '@x', n from generate_series(1, 300) n;
  insert into accounts select n from generate_series(1, 60) n;
  insert into orders (account, customer, amount) select 1 + n % 60, 1 + n % 300, n from generate_series(1, 900) n;
  insert into lines select 1 + n % 900, n / 900, n from generate_series(0, 2699) n;
  insert into seats select n, n, n, n from generate_series(1, 40) n;
  insert into queue select n, 'item ' || n from generate_series(1, 40) n;
  insert into bookings select n, int4range(n * 10, n * 10 + 5) from generate_series(1, 40) n;
  insert into aliases select 'Alias' || n, n from generate_series(1, 60) n;
  insert into spellings select n, 'ok', '2024-01-01', n from generate_series(1, 40) n;
  insert into balances select n, 1000 from generate_series(1, ${ACCOUNTS}) n;
  insert into bulk (id, u) select n, n from generate_series(1, ${BULK_ROWS}) n;
  insert into tree select n, n % 100, 'v', nullif(n % 60, 0) from generate_series(1, 800) n;
  insert into readings select n % 20, date '2021-01-01' + (n * 17) % 2000, n % 3 from generate_series(1, 400) n;
  insert into keyless select n % 40, 'same', '{"k": 1, "k": 2}', '2020-01-01' from generate_series(1, 400) n;
  insert into vehicles select n, n from generate_series(1, 40) n;
  insert into trucks select n, n, 'load' from generate_series(30, 80) n;
  insert into remarks select n % 5 from generate_series(1, 40) n;
  insert into long_remarks select n % 5, 'x' from generate_series(1, 40) n;
  insert into documents select n, 0, repeat(md5(n::text), 300) from generate_series(1, 40) n;
  insert into nodes select n, nullif(n / 2, 0) from generate_series(1, 120) n;
  insert into kinds (id) select n from generate_series(1, 60) n;
  insert into bare_kinds (id) select n % 10 from generate_series(1, 40) n;
  insert into nested select n, 0 from generate_series(1, 60) n;
  insert into ${ODD_TABLE} select n, 'x' from generate_series(1, 60) n`

const columnsOf = (major: number): string =>
  KINDS.map(([name, type, , since = 0]) => `${name} ${since > major ? 'text' : type}`).join(', ')

export const ODD_TABLE = `"Od""d; Sch"."We""ird T'able;-- $$"`
export const ACCOUNTS = 30
/** With keys so long that a few updates of all of them are more than a sync takes at once. */
export const BULK_ROWS = 4000

/** Columns and values of many types, of which some exist only since a major: there a text stands for them. */
export const KINDS: readonly (readonly [name: string, type: string, values: readonly string[], since?: number])[] = [
  ['i8', 'bigint', ['9223372036854775807', `'-9223372036854775808'`, '0']],
  ['nu', 'numeric', [`'NaN'`, '1e-300', '1.000', '123456789012345678901234567890.123456789', '-0.0']],
  ['f4', 'real', [`'-Infinity'`, '1e-40::float8::real', '3.4e38', `'NaN'`]],
  ['f8', 'float8', [`'NaN'`, `'-0'`, '5e-324', '1.7976931348623157e308', '0.1::float8 + 0.2::float8']],
  ['cash', 'money', [`'-92233720368547758.08'`, `'12.34'`]],
  ['by', 'bytea', [`'\\x00ff5c27'`, `''`, `decode(repeat('5c00', 600), 'hex')`]],
  [
    't',
    'text',
    [
      `E'tab\\t nl\\n cr\\r bs\\\\ \\\\. \\u0001'`,
      `''`,
      `'\\N'`,
      `E'\\U0001F600 \\u00e9 e\\u0301'`,
      `repeat('long ', 3000)`,
    ],
  ],
  ['c', 'char(5)', [`'a'`, `'  b'`, `''`]],
  ['vc', 'varchar(20)', [`'trailing   '`, `','`, `'"'`]],
  ['ch', '"char"', [`'a'`, `''`]],
  [
    'ts',
    'timestamptz',
    [`'infinity'`, `'-infinity'`, `'0044-03-15 12:00:00 BC'`, `'294276-12-31 23:59:59.999999+00'`, 'now()'],
  ],
  ['tz', 'timestamp', [`'4713-01-01 00:00:00 BC'`, `'2024-02-29 23:59:60'`]],
  ['d', 'date', [`'infinity'`, `'5874897-12-31'`, `'0001-01-01 BC'`]],
  ['ti', 'time', [`'24:00:00'`, `'00:00:00.000001'`]],
  ['tt', 'timetz', [`'23:59:59.999999+15:59'`, `'00:00:00-15:59'`]],
  ['iv', 'interval', [`'1 mon -2 days 03:04:05.6'`, `'-178000000 years'`, `'P0Y'`]],
  ['u', 'uuid', [`'ffffffff-ffff-ffff-ffff-ffffffffffff'`, `md5(random()::text)::uuid`]],
  ['j', 'json', [`'{"a": 1,  "a":2}'`, `'null'`, `'"\\u0000"'`]],
  ['jb', 'jsonb', [`'{"n": 1.10, "e": "\\u00e9", "deep": [null, {"a": []}]}'`, `'1e5'`]],
  ['x', 'xml', [`'<a b="1">&lt;</a>'`, `''`]],
  ['ar', 'text[]', [`array['a,b', '"q"', null, E'back\\\\slash', '', 'NULL']`, `'{}'`, `'[2:3]={x,y}'`]],
  ['a2', 'int[]', [`'{{1,2},{3,null}}'`, `'[0:0][-1:0]={{1,2}}'`]],
  ['r', 'int4range', [`'empty'`, `'(,5]'`, `'[1,1]'`]],
  ['nr', 'numrange', [`'[1.0,2.00)'`, `'(,)'`]],
  ['mr', 'int4multirange', [`'{[1,3),[5,9)}'`, `'{}'`], 14],
  ['ip', 'inet', [`'::ffff:1.2.3.4/128'`, `'10.1.2.3/8'`]],
  ['ci', 'cidr', [`'10.0.0.0/8'`, `'::/0'`]],
  ['mac', 'macaddr8', [`'08:00:2b:01:02:03:04:05'`]],
  ['bits', 'bit varying', [`B'1010'`, `''`]],
  ['po', 'point', [`'(0.1,-0)'`, `'(NaN,Infinity)'`]],
  ['pg', 'polygon', [`'((0,0),(0,1),(1,1e-10))'`]],
  ['tv', 'tsvector', [`to_tsvector('simple', 'a b a')`, `$$'it''s':1A 'b c'$$`]],
  ['tq', 'tsquery', [`'a & !b <-> c:*'`]],
  ['e', 'mood', [`'happy'`, `'sad'`]],
  ['co', 'pair', [`row(1, 'a,"b')`, 'row(null, null)']],
  ['dm', 'positive', ['1', '2147483647']],
  ['ct', 'heroku_ext.citext', [`'ABC'`, `'abc'`]],
  ['jp', 'jsonpath', [`'$.a[*] ? (@ > 1)'`]],
  ['ln', 'pg_lsn', [`'FFFFFFFF/FFFFFFFF'`]],
]
