-- Code of an app that names things without a schema, and finds them by the database's search_path. Statements end with a blank line.

create schema shop2

do $$ begin execute format('alter database %I set search_path = "$user", shop2, public, heroku_ext', current_database()); end $$

set search_path = shop2, public, heroku_ext

create table zz_words (w text primary key)

insert into zz_words values ('red'), ('green')

create function helper(text) returns text language sql immutable as $$ select upper($1) $$

create function normalise(text) returns text language plpgsql immutable as $$ begin return helper($1); end $$

create function plain(text) returns text language sql immutable parallel safe as $$ select helper($1) || normalise($1) $$

create function known_word(p text) returns boolean language sql stable as 'select exists (select from zz_words where w = p)'

create domain loud as text check (normalise(value) = value)

create table aa_items (
  id bigserial primary key,
  w text not null check (known_word(w)),
  big text generated always as (normalise(w)) stored,
  shout loud,
  check (normalise(w) is not null))

insert into aa_items (w, shout) select (array['red', 'green'])[1 + n % 2], 'A' from generate_series(1, 500) n

create index aa_items_plain on aa_items (plain(w)) where normalise(w) <> 'BLUE'

create table aa_log (w text, big text generated always as (normalise(w)) stored)

insert into aa_log (w) values ('one'), ('one'), ('two')

create materialized view shouted as select id, normalise(w) n from aa_items

create materialized view lexemes as select * from ts_stat('select to_tsvector(w) from zz_words')

create table parts (w text, n int) partition by list (normalise(w))

create table parts_red partition of parts for values in ('RED')

create table parts_other partition of parts default

insert into parts select w, n from zz_words, generate_series(1, 20) n

