-- Names that a careless tool takes for something else. search_path is set on the database, as frameworks do.
CREATE SCHEMA "MixedCase";
CREATE SCHEMA "select";
CREATE SCHEMA "sch;ema "" $$ '";

CREATE TABLE "We""ird T'able;-- $$" ("Sel;ect" integer PRIMARY KEY, "$x$" text DEFAULT '$x$;', "a.b" text, "ä 🐘" text);
INSERT INTO "We""ird T'able;-- $$" VALUES (1, E'a\tb', 'c', 'd'), (2, ';', '$$', NULL);
CREATE INDEX "in;dex "" $$" ON "We""ird T'able;-- $$" ("a.b") WHERE "$x$" <> ';';
COMMENT ON TABLE "We""ird T'able;-- $$" IS 'CREATE TRIGGER heroku_rds_fence; it''s a comment $$ \';
COMMENT ON COLUMN "We""ird T'able;-- $$"."Sel;ect" IS E'line one\nCREATE TABLE line_two ();\n\\connect x';

CREATE TABLE "MixedCase"."User" ("Id" bigint GENERATED ALWAYS AS IDENTITY, "user" text, "order" text, "SELECT" text);
INSERT INTO "MixedCase"."User" ("user", "order", "SELECT") VALUES ('a', 'b', 'c'), ('', NULL, 'NULL');
CREATE TABLE "MixedCase".user ("Id" integer);
INSERT INTO "MixedCase".user VALUES (1);
CREATE TABLE "select"."table" ("from" integer, "where" integer, "begin" integer, "end" integer, "case" integer);
INSERT INTO "select"."table" VALUES (1, 2, 3, 4, 5);
CREATE TABLE "sch;ema "" $$ '"."ta.ble" (a integer PRIMARY KEY, b integer REFERENCES "sch;ema "" $$ '"."ta.ble");
INSERT INTO "sch;ema "" $$ '"."ta.ble" VALUES (1, 1), (2, 1);

-- 63 bytes each; the second one of letters that take two
CREATE TABLE aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (b integer);
INSERT INTO aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa VALUES (63);
CREATE TABLE "äääääääääääääääääääääääääääääää" ("öööööööööööööööööööööööööööööööx" integer);
INSERT INTO "äääääääääääääääääääääääääääääää" VALUES (63);

-- Names of the tool's own, and names that its statements use as aliases
CREATE TABLE "TRIGGER" (heroku_rds_fence integer);
INSERT INTO "TRIGGER" VALUES (1);
CREATE TABLE t (t text, r integer, c integer, n integer, x integer);
INSERT INTO t VALUES ('t', 1, 2, 3, 4), ('t', 5, 6, 7, 8);
CREATE TABLE pg_classes (oid_ integer, tableoid_ integer);
INSERT INTO pg_classes VALUES (1, 2);
CREATE TABLE landed_writes (relation text);
INSERT INTO landed_writes VALUES ('mine');
CREATE SCHEMA "%I %s";
CREATE TABLE "%I %s"."%L %%" ("%s" text);
INSERT INTO "%I %s"."%L %%" VALUES ('%s');

-- names that later majors take for keywords: unquoted, they would mean something else there, or nothing
create table keywords (
  id int primary key,
  "json" jsonb,
  "system_user" text check ("system_user" <> 'nobody'),
  "json_value" text,
  "merge_action" text generated always as (lower("system_user")) stored);
create index on keywords (lower("system_user"), "json");
create view keyword_view as select "system_user", "json" from keywords where "system_user" is not null;
create function takes_json(json) returns json language sql as 'select $1';
comment on function takes_json(json) is 'its argument is called otherwise by other majors';
insert into keywords values (1, '{}', 'somebody', 'v');
