-- Keys at the ends of their types and far apart, and of every kind that orders differently somewhere; for every major.
CREATE TYPE grade AS ENUM ('low', 'High', 'it''s; "top"');
CREATE DOMAIN positive AS numeric CHECK (VALUE > 0);
CREATE TYPE spot AS (x integer, label text);

CREATE TABLE by_bigint (id bigint PRIMARY KEY, note text);
INSERT INTO by_bigint VALUES (9223372036854775807, 'last'), (9223372036854775806, 'before'), (-9223372036854775808, 'first'), (0, 'zero'), (-1, 'negative');
INSERT INTO by_bigint SELECT n * 1000000007::bigint, 'sparse ' || n FROM generate_series(1, 500) n;
CREATE TABLE by_smallint (id smallint PRIMARY KEY);
INSERT INTO by_smallint VALUES (-32768), (32767), (0);
CREATE TABLE by_text (name text PRIMARY KEY);
INSERT INTO by_text VALUES ('a'), ('A'), ('ä'), ('Ä'), ('a '), (' a'), ('a-b'), ('ab'), ('a_b'), ('é'), (U&'e\0301'), ('ß'), ('ss'), (''), ('10'), ('9'), ('Z'), ('z'), ('🐘');
CREATE TABLE by_uuid (id uuid PRIMARY KEY);
INSERT INTO by_uuid SELECT md5(n::text)::uuid FROM generate_series(1, 300) n;
CREATE TABLE by_time (at timestamptz PRIMARY KEY, day date UNIQUE);
INSERT INTO by_time VALUES ('-infinity', '-infinity'), ('infinity', 'infinity'), ('0044-03-15 12:34:56.123456 BC+00', '0044-03-15 BC'), ('2024-02-29 23:59:59.999999+00', '2024-02-29');
CREATE TABLE by_numeric (amount numeric PRIMARY KEY, share positive);
INSERT INTO by_numeric VALUES ('NaN', 1), (1e100, 0.1), (-1e-100, 1e-30), (1.10, 7), (9223372036854775808, 2);
CREATE TABLE by_bytes (id bytea PRIMARY KEY);
INSERT INTO by_bytes VALUES ('\x'), ('\x00'), ('\xff00'), ('\x5c');
CREATE TABLE by_grade (grade grade PRIMARY KEY, spots spot[], span int4range, moods grade[]);
INSERT INTO by_grade VALUES ('low', ARRAY[ROW(1, 'a,"b"'), NULL]::spot[], '[1,5)', ARRAY['High', NULL]::grade[]), ('High', '{}', 'empty', '{}'), ('it''s; "top"', NULL, NULL, NULL);
CREATE TABLE by_two (a text, b bigint, c timestamptz, PRIMARY KEY (b, a)) ;
INSERT INTO by_two SELECT 'k' || n % 7, n / 7, now() FROM generate_series(1, 300) n;
CREATE TABLE references_it (id integer PRIMARY KEY, kind regclass, proc regprocedure, role oid);
INSERT INTO references_it VALUES (1, 'by_text', 'lower(text)', 10), (2, NULL, NULL, NULL);

CREATE TABLE doubled (a integer, b text);
INSERT INTO doubled SELECT n % 5, CASE n % 5 WHEN 0 THEN NULL ELSE 'same' END FROM generate_series(1, 500) n;
CREATE TABLE nothing (id integer PRIMARY KEY);
CREATE TABLE parent (id integer, note text);
CREATE TABLE child (extra text) INHERITS (parent);
INSERT INTO parent SELECT n, 'parent' FROM generate_series(1, 200) n;
INSERT INTO child SELECT n, 'child', 'extra' FROM generate_series(1, 200) n;

-- Partitions without a default, of partitions, and with one
CREATE TABLE readings (id bigint GENERATED ALWAYS AS IDENTITY, at date NOT NULL, value double precision, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE readings_2024 PARTITION OF readings FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (id);
CREATE TABLE readings_2024_odd PARTITION OF readings_2024 FOR VALUES IN (1, 3, 5);
CREATE TABLE readings_2024_rest PARTITION OF readings_2024 DEFAULT;
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX readings_value ON readings (value) WHERE value > 0;
INSERT INTO readings (at, value) SELECT '2024-06-01'::date + n * 5, CASE n % 3 WHEN 0 THEN 'NaN' ELSE n / 7.0 END FROM generate_series(1, 100) n;
CREATE TABLE refers (id integer PRIMARY KEY, reading bigint, at date, FOREIGN KEY (reading, at) REFERENCES readings);
INSERT INTO refers SELECT id, id, at FROM readings LIMIT 20;
CREATE TABLE spread (id integer, tree integer REFERENCES refers, PRIMARY KEY (id)) PARTITION BY HASH (id);
CREATE TABLE spread_0 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE spread_1 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO spread SELECT n, (SELECT min(id) FROM refers) FROM generate_series(1, 50) n;

CREATE TABLE rooms (
  id integer PRIMARY KEY, during tsrange, code text, up integer, EXCLUDE USING gist (during WITH &&),
  CONSTRAINT later UNIQUE (code) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT tree FOREIGN KEY (up) REFERENCES rooms DEFERRABLE
);
INSERT INTO rooms VALUES (1, '[2024-01-01,2024-01-02)', 'a', NULL), (2, '[2024-01-02,)', 'b', 1);
COMMENT ON CONSTRAINT tree ON rooms IS 'its parent; "room"';
COMMENT ON CONSTRAINT rooms_pkey ON rooms IS 'key';
COMMENT ON INDEX readings_value IS 'only what is positive';
CREATE INDEX rooms_code ON rooms (lower(code), (id % 10));
ALTER INDEX rooms_code ALTER COLUMN 2 SET STATISTICS 777;
CREATE STATISTICS rooms_statistics (dependencies) ON id, code FROM rooms;
ALTER STATISTICS rooms_statistics SET STATISTICS 500;
ALTER TABLE rooms CLUSTER ON rooms_code;
ALTER TABLE rooms REPLICA IDENTITY USING INDEX rooms_pkey;

CREATE VIEW all_rooms AS SELECT id, code, count(*) FROM rooms GROUP BY id;
CREATE MATERIALIZED VIEW rooms_counted AS SELECT count(*) AS n FROM all_rooms;
CREATE UNIQUE INDEX rooms_counted_n ON rooms_counted (n);
CREATE TABLE secret (id integer PRIMARY KEY, owner text);
INSERT INTO secret VALUES (1, 'me'), (2, 'you');
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON secret USING (owner = 'me');
CREATE RULE quiet AS ON DELETE TO secret DO INSTEAD NOTHING;
CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
CREATE TRIGGER loud BEFORE UPDATE ON secret FOR EACH ROW EXECUTE FUNCTION loud();
CREATE TRIGGER quiet_too BEFORE UPDATE ON secret FOR EACH ROW EXECUTE FUNCTION loud();
ALTER TABLE secret DISABLE TRIGGER quiet_too;

-- Large objects: empty, small, longer than a piece, with a hole, and far apart; a column points to one
SELECT lo_create(100001), lo_from_bytea(100002, '\x00ff5c'), lo_from_bytea(100003, decode(repeat('deadbeef', 2300000), 'hex')), lo_create(100004), lo_from_bytea(4294967294, 'last');
SELECT lo_put(100004, 700000, 'behind a hole');
COMMENT ON LARGE OBJECT 100002 IS 'it''s; small';
CREATE TABLE pictures (id integer PRIMARY KEY, picture oid);
INSERT INTO pictures VALUES (1, 100002);
