-- Every kind of type, with the values that travel badly.
CREATE TYPE mood AS ENUM ('sad', 'it''s; "ok"', 'happy,', '', ' ');
ALTER TYPE mood ADD VALUE 'first' BEFORE 'sad';
CREATE DOMAIN cents AS bigint DEFAULT 0 CHECK (VALUE >= 0);
CREATE DOMAIN email AS heroku_ext.citext CONSTRAINT has_at CHECK (VALUE ~ '@' OR VALUE = '');
CREATE TYPE address AS (street text, "zip code" integer, tags text[]);
CREATE TYPE floats AS RANGE (subtype = float8, subtype_diff = float8mi, multirange_type_name = many_floats);

CREATE TABLE numbers (
  id integer PRIMARY KEY, small smallint, whole integer, big bigint, exact numeric, scaled numeric(30, 10), single real,
  double double precision, cash money, amount cents, object oid
);
INSERT INTO numbers VALUES
  (1, 32767, 2147483647, 9223372036854775807, 'NaN', 12345678901234567890.0123456789, 'NaN', 'NaN', '92233720368547758.07', 9223372036854775807, 4294967295),
  (2, -32768, -2147483648, -9223372036854775808, 'Infinity', -0.0000000001, 'Infinity', 'Infinity', '-92233720368547758.08', 0, 0),
  (3, 0, 0, 0, '-Infinity', 0, '-Infinity', '-Infinity', '0', 1, 1),
  (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (5, 1, 1, 9007199254740993, 0.1, 1, '-0', '-0', '1234.5', 1, 1),
  (6, 1, 1, 9007199254740992, 123456789012345678901234567890123456789.987654321987654321, 1, 1.17549435e-38, 2.2250738585072014e-308, '1', 1, 1),
  (7, 1, 1, 1, 1e-1000, 1, 3.4028235e38, 1.7976931348623157e308, '1', 1, 1),
  (8, 1, 1, 1, 1e1000, 1, 0.1, 0.1, '1', 1, 1),
  (9, 1, 1, 1, 1.000, 1, 0.30000001192092896, 0.30000000000000004, '1', 1, 1),
  (10, 1, 1, 1, 1.0, 1, 1e-45, 4.9e-324, '1', 1, 1);

CREATE TABLE times (
  id integer PRIMARY KEY, day date, moment timestamptz, local timestamp, of_day time, of_zone timetz, length interval
);
INSERT INTO times VALUES
  (1, 'infinity', 'infinity', 'infinity', '24:00:00', '23:59:59.999999+15:59', '178000000 years'),
  (2, '-infinity', '-infinity', '-infinity', '00:00', '00:00-15:59', '-178000000 years'),
  (3, '0044-03-15 BC', '0044-03-15 12:34:56.123456 BC+00', '4713-01-01 00:00:00 BC', '12:34:56.000001', '12:34:56+01', '1 mon -1 day +00:00:00.000001'),
  (4, '5874897-12-31', '294276-12-31 23:59:59.999999+00', '294276-12-31 23:59:59.999999', '04:05', '04:05+00', 'P1Y2M3DT4H5M6S'),
  (5, '2024-02-29', '2025-03-30 02:30:00 Europe/Berlin', '2025-03-30 02:30:00', '02:30', '02:30+02', '-1 year -2 mons +3 days'),
  (6, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE texts (
  id integer PRIMARY KEY, plain text, varied varchar(40), fixed char(8), letter "char", byname name, document jsonb,
  raw json, markup xml, words tsvector, wanted tsquery, folded heroku_ext.citext, mail email
);
INSERT INTO texts VALUES
  (1, '', '', '', '', '', '{}', '{}', '', '', '', '', ''),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (3, 'null', 'NULL', 'null', 'N', 'null', 'null', 'null', 'null', 'null', 'null', 'null', 'null@'),
  (4, '\N', '\N', '\N', '\', '\N', '"\\N"', '"\\N"', '\N', '''\\N''', '''\\N''', '\N', '\N@'),
  (5, E'tab\there', E'line\nbreak', E'cr\rlf\r\n', E'\t', 'n', E'"\\t\\n\\u00e4"', E'{"a" :  1, "a":2}\n', E'<a b="c">\n&amp;</a>', 'a:1A b:2,3B', 'a & (b | !c:*)', 'MiXeD', 'Some@Body'),
  (6, E'back\\slash \\\\ \\t \\. \\x41', E'\\.', E'\\', 'x', 'n', '[9223372036854775807, 1.10, 1e400, -0]', '[9223372036854775807, 1.10, -0]', '<!-- ; $$ -->', 'it''''s', '''a b''', 'x', 'x@'),
  (7, E'\\.\n\\.\n', 'trailing  ', 'trail   ', ' ', 'n', '"🐘"', '"\ud83d\ude42"', '<ä>🐘</ä>', '🐘', '🐘', 'ÄÖ', 'Ä@'),
  (8, U&'\0001\001f\007f\2028\FEFF e\0301 \+01F418', repeat('🐘', 40), '"quoted"', '"', 'n', '{"nested": {"null": null, "": ""}}', ' {"b":1,"a":2} ', NULL, NULL, NULL, NULL, NULL),
  (9, repeat('0123456789abcdef', 65536), 'one megabyte', 'x', 'x', 'n', to_jsonb(repeat('j', 300000)), '1', NULL, NULL, NULL, NULL, NULL),
  (10, (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 40000) n), 'hard to compress', 'x', 'x', 'n', 'true', 'true', NULL, NULL, NULL, NULL, NULL);

CREATE TABLE others (
  id integer PRIMARY KEY, yes boolean, bytes bytea, uuid uuid, bits bit(5), varbits varbit, host inet, net cidr, mac macaddr,
  mac8 macaddr8, place point, line line, segment lseg, box box, path path, polygon polygon, circle circle, feeling mood,
  home address, lsn pg_lsn, snapshot pg_snapshot, location tid
);
INSERT INTO others VALUES
  (1, true, '\x', '00000000-0000-0000-0000-000000000000', B'10101', B'', '::1/128', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '(NaN,-0)', '{1,2,3}', '[(0,0),(1,1)]', '(2,2),(0,0)', '[(0,0),(1,1)]', '((0,0),(1,1),(1,0))', '<(0,0),1e-300>', '', ROW('', NULL, '{}'), '16/B374D848', '10:20:10,14', '(0,1)'),
  (2, false, '\x00ff5c0a0d090027', 'ffffffff-ffff-ffff-ffff-ffffffffffff', B'00000', B'1111111111111', '192.168.0.1/24', '2001:db8::/32', 'ff:ff:ff:ff:ff:ff', NULL, '(Infinity,1e300)', NULL, NULL, NULL, '((0,0),(1,1))', NULL, NULL, 'it''s; "ok"', ROW(E'a "b", (c) \\ \n', 12345, ARRAY['x,y', NULL, 'NULL', '', '"', '\', '{}']), '0/0', NULL, NULL),
  (3, NULL, decode(repeat('00ff', 300000), 'hex'), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'happy,', NULL, NULL, NULL, NULL),
  (4, NULL, '\x5c4e', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, ' ', ROW(NULL, NULL, NULL), NULL, NULL, NULL);

CREATE TABLE arrays (
  id integer PRIMARY KEY, ints integer[], texts text[], bounded integer[], moods mood[], homes address[], documents jsonb[],
  bytes bytea[], folded heroku_ext.citext[], moments timestamptz[], prices cents[], doubles float8[]
);
INSERT INTO arrays VALUES
  (1, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
  (2, '{1,NULL,3}', ARRAY['NULL', NULL, '', '"', '\', ',', '{', E'\n', ' a ', 'ä🐘'], '[-2:0]={1,2,3}', ARRAY['', 'happy,', NULL]::mood[],
   ARRAY[ROW('a,"b"', 1, ARRAY['x"y', NULL]), NULL]::address[], ARRAY['null', '{"a": "\""}', NULL]::jsonb[], ARRAY['\x00'::bytea, NULL, '\x5c'],
   ARRAY['Aa', 'aA'], ARRAY['infinity', '0044-03-15 BC']::timestamptz[], ARRAY[1, 9223372036854775807], ARRAY['NaN', '-0', 'Infinity', 1e-320]::float8[]),
  (3, '{{1,2},{3,4}}', '{{{a}}}', '[0:1][5:6]={{1,2},{3,4}}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE ranges (
  id integer PRIMARY KEY, whole int4range, exact numrange, moments tstzrange, days daterange, own floats, many int8multirange,
  own_many many_floats
);
INSERT INTO ranges VALUES
  (1, 'empty', 'empty', 'empty', 'empty', 'empty', '{}', '{}'),
  (2, '(,)', '(,)', '(,)', '(,)', '(,)', '{(,)}', '{(,)}'),
  (3, '[1,5)', '(1.10,NaN]', '[-infinity,infinity]', '[2024-01-01,2024-02-29]', '[-0,Infinity]', '{[1,2],[5,9223372036854775806]}', '{[1.5,2.5],(3,4)}'),
  (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE typed OF address;
INSERT INTO typed VALUES ('s', 1, '{a,NULL}'), (NULL, NULL, NULL);
