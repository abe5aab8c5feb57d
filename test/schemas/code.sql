-- Everything that is code: views, functions, triggers, rules, policies, operators.
CREATE EXTENSION hstore SCHEMA heroku_ext;
CREATE TABLE entries (id integer PRIMARY KEY, kind text, amount numeric, tags heroku_ext.hstore, note heroku_ext.citext);
INSERT INTO entries SELECT n, 'kind ' || n % 3, n / 7.0, heroku_ext.hstore('k' || n, CASE WHEN n % 2 = 0 THEN 'v "=>" \' END), 'Note ' || n FROM generate_series(1, 40) n;
CREATE INDEX entries_tags ON entries USING gin (tags);
CREATE INDEX entries_trigram ON entries USING gin (note heroku_ext.gin_trgm_ops);
CREATE TABLE trail (id bigint GENERATED ALWAYS AS IDENTITY, what text, at timestamptz DEFAULT '2024-01-01');

CREATE VIEW plain AS SELECT id, kind, amount FROM entries WHERE amount > 1;
CREATE VIEW on_plain WITH (security_barrier, check_option = local) AS SELECT id, kind FROM plain WHERE id % 2 = 0;
CREATE VIEW "vi;ew" (a, "b;") AS WITH x AS (SELECT max(id) AS m FROM on_plain) SELECT m, CASE WHEN m > 1 THEN 'a;' ELSE $$b'$$ END FROM x;
CREATE RECURSIVE VIEW counted (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counted WHERE n < 5;
CREATE MATERIALIZED VIEW zz_first AS SELECT kind, sum(amount) AS total FROM plain GROUP BY kind;
CREATE UNIQUE INDEX zz_first_kind ON zz_first (kind);
CREATE VIEW between_them AS SELECT kind, total * 2 AS twice FROM zz_first;
CREATE MATERIALIZED VIEW aa_second AS SELECT sum(twice) AS sum FROM between_them;
CREATE MATERIALIZED VIEW unfilled AS SELECT 1 AS one WITH NO DATA;
COMMENT ON MATERIALIZED VIEW aa_second IS 'after "zz_first";';

CREATE FUNCTION plain_body(a integer, OUT b integer, OUT c text) LANGUAGE sql IMMUTABLE AS $$ SELECT $1 + 1, 'x;' $$;
CREATE FUNCTION nested_quotes(a text DEFAULT 'it''s;') RETURNS text LANGUAGE plpgsql AS $_$
DECLARE
  sql text := $$CREATE TRIGGER heroku_rds_fence BEFORE INSERT ON t; SELECT $1; $$;
BEGIN
  -- it's; a "comment
  EXECUTE $x$ SELECT ';' $x$;
  RETURN a || '\' || E'\';';
END;
$_$;
CREATE FUNCTION standard_body(a integer, b integer DEFAULT 2) RETURNS integer LANGUAGE sql
  BEGIN ATOMIC
    SELECT CASE WHEN a > b THEN CASE a WHEN 1 THEN 2 ELSE 3 END ELSE 4 END AS "end";
    SELECT x."begin" + a FROM (VALUES (1)) x ("begin");
  END;
CREATE FUNCTION standard_return(a text) RETURNS text LANGUAGE sql RETURN 'x;' || a;
CREATE PROCEDURE standard_procedure(a integer) LANGUAGE sql BEGIN ATOMIC
  INSERT INTO trail (what) VALUES ('a;' || a);
  DELETE FROM trail WHERE what = 'end;';
END;
CREATE PROCEDURE proc(INOUT a integer) LANGUAGE plpgsql AS 'BEGIN a := a + 1; COMMIT; END';
CREATE FUNCTION variadic_one(VARIADIC list integer[]) RETURNS bigint LANGUAGE sql AS 'SELECT sum(n) FROM unnest(list) n';
CREATE FUNCTION of_table(e entries) RETURNS SETOF entries LANGUAGE sql STABLE ROWS 5 AS 'SELECT * FROM entries WHERE id = e.id';
CREATE FUNCTION as_table() RETURNS TABLE (id integer, "na;me" text) LANGUAGE sql AS 'SELECT id, kind FROM entries';
CREATE FUNCTION secured() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp SET work_mem = '8MB' PARALLEL SAFE AS 'SELECT ''x''';
-- A setting of an extension is known to a session that has called it, and to no other.
SELECT heroku_ext.similarity('a', 'b');
CREATE FUNCTION alike(text, text) RETURNS boolean LANGUAGE sql SET pg_trgm.similarity_threshold = '0.5' AS 'SELECT $1 OPERATOR(heroku_ext.%) $2';
COMMENT ON FUNCTION nested_quotes(text) IS E'it\'s;\n\\connect x';

CREATE FUNCTION add_state(bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE AGGREGATE how_many(*) (SFUNC = add_state, STYPE = bigint, INITCOND = '0');
CREATE AGGREGATE product(double precision) (SFUNC = float8mul, STYPE = double precision, INITCOND = '1');
CREATE AGGREGATE scaled(double precision ORDER BY double precision)
  (SFUNC = float8pl, STYPE = double precision, INITCOND = '0', FINALFUNC = float8mul);
CREATE FUNCTION same_length(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT length($1) = length($2)';
CREATE OPERATOR ===# (LEFTARG = text, RIGHTARG = text, FUNCTION = same_length, COMMUTATOR = ===#);
CREATE FUNCTION negated(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''-'' || $1';
CREATE OPERATOR !!! (RIGHTARG = text, FUNCTION = negated);
CREATE TYPE size AS ENUM ('s', 'm');
CREATE FUNCTION size_of(size) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT CASE $1 WHEN ''s'' THEN 1 ELSE 2 END';
CREATE CAST (size AS integer) WITH FUNCTION size_of(size) AS ASSIGNMENT;
CREATE COLLATION german (provider = icu, locale = 'de-u-co-phonebk');
CREATE TABLE sorted (name text COLLATE german PRIMARY KEY);
INSERT INTO sorted VALUES ('Ärger'), ('Arger'), ('Zorn');
CREATE TEXT SEARCH DICTIONARY own_dictionary (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION own_search (COPY = english);
ALTER TEXT SEARCH CONFIGURATION own_search ALTER MAPPING FOR word WITH own_dictionary;

CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.trail (what) VALUES (tg_name || ';' || tg_op || coalesce(tg_argv[0], ''));
  RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER row_after AFTER INSERT OR UPDATE OF kind, amount OR DELETE ON entries FOR EACH ROW
  WHEN (pg_trigger_depth() < 2) EXECUTE FUNCTION note_change('it''s; $$', 'b');
CREATE TRIGGER statement_after AFTER UPDATE ON entries REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION note_change();
CREATE TRIGGER "al;ways" BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION note_change();
ALTER TABLE entries ENABLE ALWAYS TRIGGER "al;ways";
CREATE TRIGGER in_replicas AFTER DELETE ON entries FOR EACH ROW EXECUTE FUNCTION note_change();
ALTER TABLE entries ENABLE REPLICA TRIGGER in_replicas;
CREATE TRIGGER off AFTER DELETE ON entries FOR EACH ROW EXECUTE FUNCTION note_change();
ALTER TABLE entries DISABLE TRIGGER off;
CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE TRIGGER instead INSTEAD OF INSERT ON "vi;ew" FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE TABLE cut (id integer, at date) PARTITION BY RANGE (at);
CREATE TABLE cut_1 PARTITION OF cut FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE cut_rest PARTITION OF cut DEFAULT;
CREATE TRIGGER on_all AFTER INSERT ON cut FOR EACH ROW EXECUTE FUNCTION note_change();
ALTER TABLE cut_1 DISABLE TRIGGER on_all;
INSERT INTO cut VALUES (1, '2024-05-05'), (2, '2030-01-01');

CREATE TABLE ruled (id integer, note text);
INSERT INTO ruled VALUES (1, 'before the rules');
CREATE RULE several AS ON INSERT TO ruled WHERE NEW.id > 100 DO INSTEAD (
  INSERT INTO trail (what) VALUES ('rule; ' || NEW.id); INSERT INTO trail (what) VALUES ('second;'));
CREATE RULE kept AS ON DELETE TO ruled DO INSTEAD NOTHING;
CREATE RULE disabled AS ON UPDATE TO ruled DO ALSO NOTIFY ruled;
ALTER TABLE ruled DISABLE RULE disabled;

CREATE TABLE guarded (id integer PRIMARY KEY, owner text);
INSERT INTO guarded VALUES (1, 'somebody'), (2, 'nobody');
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY "own;rows" ON guarded AS RESTRICTIVE FOR UPDATE USING (owner = 'it''s;') WITH CHECK (id > 0);
CREATE POLICY reading ON guarded FOR SELECT USING (id = 1);

-- procedures that only their OUT parameters tell apart
create procedure parted(out a int, in b int) language plpgsql as 'begin a := b; end';
create procedure parted(inout a int, in b text) language plpgsql as 'begin null; end';
create procedure parted(in a int, in b int, out c int) language plpgsql as 'begin c := a; end';
