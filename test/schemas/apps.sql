-- What schemas of real apps hold, each of which once stopped a move for nothing, or let rows differ. Statements end with a blank line.

-- the remains of a failed create index concurrently
create table users (id serial primary key, email text)

insert into users (email) select 'same' from generate_series(1, 50)

-- fails:
create unique index concurrently users_email on users (email)

-- a range type and aggregates of one's own
create type floats as range (subtype = float8)

create aggregate longest (text) (sfunc = textcat, stype = text, initcond = '')

create table measures (id serial primary key, body text, f floats)

insert into measures (body, f) select 'n' || g, floats(g, g + 1) from generate_series(1, 100) g

-- a constraint trigger
create table accounts (id serial primary key, amount int)

insert into accounts (amount) select g from generate_series(1, 50) g

create function balance() returns trigger language plpgsql as 'begin return null; end'

create constraint trigger balance_late after insert on accounts deferrable initially deferred
  for each row execute function balance()

-- columns that stand in another order on the target: a parent had one added after its heir was made
create table parent (id int primary key, a text)

create table child (extra text) inherits (parent)

alter table child add primary key (id)

alter table parent add column late int default 7

insert into parent values (1, 'a', 1), (2, 'b', 2)

insert into child (id, a, extra, late) select g, 'c' || g, 'x' || g, g from generate_series(10, 60) g

create table keyless_parent (a text)

create table keyless_child (extra text) inherits (keyless_parent)

alter table keyless_parent add column late int default 7

insert into keyless_child (a, extra, late) select 'c' || g % 7, 'x', g % 3 from generate_series(1, 60) g

-- rows that lie in other partitions on the target: labels of an enumerated type have other OIDs there
create type kind as enum ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j')

create domain kind_of_vote as kind

create table votes (id int, kind kind, v int default 0, primary key (id, kind)) partition by hash (kind)

create table votes_0 partition of votes for values with (modulus 3, remainder 0)

create table votes_1 partition of votes for values with (modulus 3, remainder 1)

create table votes_2 partition of votes for values with (modulus 3, remainder 2)

create index votes_v on votes (v)

insert into votes select n, ('{a,b,c,d,e,f,g,h,i,j}'::kind[])[1 + n % 10] from generate_series(1, 1000) n

create table ballots (year int, kind kind_of_vote, id int, v int default 0, primary key (year, kind, id)) partition by list (year)

create table ballots_2025 partition of ballots for values in (2025) partition by hash (kind)

create table ballots_2025_0 partition of ballots_2025 for values with (modulus 2, remainder 0)

create table ballots_2025_1 partition of ballots_2025 for values with (modulus 2, remainder 1)

create table ballots_2026 partition of ballots for values in (2026)

insert into ballots
select 2025 + n % 2, ('{a,b,c,d,e,f,g,h,i,j}'::kind[])[1 + n % 10], n from generate_series(1, 300) n

-- two unique indexes, of which one is made again while a copy follows
create table members (uid uuid not null default gen_random_uuid(), email text not null, v int default 0)

create unique index members_uid on members (uid)

create unique index members_email on members (email)

insert into members (email) select 'u' || n from generate_series(1, 300) n

-- a unique index by which values differ that are equal otherwise
create type pair as (a numeric, b text)

create table pairs (k pair not null, v int default 0)

create unique index pairs_image on pairs (k record_image_ops)

insert into pairs (k) values (row(1.0, 'x')), (row(1.00, 'x')), (row(2, 'y'))

-- checks that look into other tables, which are copied later, or change in the same moment
create table words (w text primary key)

insert into words values ('red'), ('green')

create function known_word(p text) returns boolean language sql stable as 'select exists (select from public.words where w = p)'

create table a_items (id serial primary key, w text not null check (known_word(w)))

insert into a_items (w) select (array['red', 'green'])[1 + n % 2] from generate_series(1, 500) n

create domain word as text constraint word_is_known check (known_word(value))

create table a_labels (id serial primary key, w word)

insert into a_labels (w) select (array['red', 'green'])[1 + n % 2] from generate_series(1, 50) n

create table a_special (note text, constraint a_items_w_check check (known_word(w))) inherits (a_items)

insert into a_special (id, w) values (9001, 'red')

create function length_in_words(p text) returns int language sql immutable as
  'select count(*)::int from public.words where length(w) = length(p)'

create index a_items_alike on a_items (length_in_words(w))

-- checks and domains that are not valid, and old rows that violate them
create table prices (id serial primary key, cents int)

insert into prices (cents) values (-5), (-6), (7), (8)

alter table prices add constraint positive check (cents > 0) not valid

create domain rate as int

create table rates (r rate primary key, v int default 0)

insert into rates values (-1), (1), (2)

create table keyless_rates (r rate, v int default 0)

insert into keyless_rates values (-1), (-1), (1), (2)

alter domain rate add constraint positive_rate check (value > 0) not valid

