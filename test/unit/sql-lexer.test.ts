import {expect} from 'chai'

import {statementsOf} from '../../src/lib/copy/sql-lexer.js'

const sqlOf = (script: string) => statementsOf(script).map(({sql}) => sql)
const wordsOf = (script: string) => statementsOf(script).map(({words}) => words.join(' '))

/** Scripts that must stay one statement, each followed by a second one that must not be swallowed. */
const WHOLE: Record<string, string> = {
  'a dollar-quoted body with semicolons': 'CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SELECT 1; SELECT 2; $$',
  'a tagged body that holds plain dollar quotes':
    'CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $_$ BEGIN EXECUTE $$ SELECT 1; $$; END; $_$',
  'a tagged body that holds another tag':
    'CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $body$ BEGIN EXECUTE $bodyguard$ DROP; $bodyguard$; END $body$',
  'a tag of letters beyond ASCII': 'CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $größe$ SELECT $$;$$; $größe$',
  'a name with dollars in it': 'CREATE TABLE a$b$c (x$$ integer)',
  'a string with semicolons and dollars': `COMMENT ON TABLE t IS 'a; $$ b; $x$'`,
  'a string with doubled quotes': `COMMENT ON TABLE t IS 'it''s; ''quoted''; '''`,
  'a plain string that ends in a backslash': `COMMENT ON TABLE t IS 'C:\\'`,
  'an escape string with quotes and backslashes': `COMMENT ON TABLE t IS E'it\\'s; \\\\'`,
  'an escape string that doubles its quotes': `COMMENT ON TABLE t IS E'\\''';'''`,
  'a quoted name with a semicolon': 'CREATE TABLE "Sel;ect" (a integer)',
  'a quoted name with dollar quotes': 'CREATE TABLE "We""ird T\'able;-- $$" ("$x$;" integer)',
  'a quoted name that looks like a comment': 'CREATE TABLE "/* not;" ("*/" integer, "-- x;" integer)',
  'a line comment with a semicolon': "SELECT 1 -- one; or 'two\n + 1",
  'nested comments': "SELECT 1 /* a; /* b; ' */ c; $$ */ + 1",
  'a rule of several commands':
    'CREATE RULE r AS ON INSERT TO t DO INSTEAD ( INSERT INTO a VALUES (1); INSERT INTO b VALUES ((2)); )',
  'a body of standard SQL':
    'CREATE FUNCTION f(a integer) RETURNS void LANGUAGE sql BEGIN ATOMIC INSERT INTO t VALUES (a); SELECT 1; END',
  'a body of standard SQL with case expressions': `CREATE FUNCTION f(a integer) RETURNS text LANGUAGE sql
    BEGIN ATOMIC
      SELECT CASE WHEN (a > 1) THEN CASE a WHEN 2 THEN 'two; end' ELSE 'more' END ELSE 'end;' END AS "case";
      SELECT 'x' AS "end";
    END`,
  'a quoted begin': 'CREATE TABLE t ("begin" atomic, "BEGIN" "ATOMIC", "end" integer)',
  'a body of standard SQL with a quoted begin and end':
    'CREATE FUNCTION f() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT t."begin" AS "end" FROM t; END',
}

describe('a script of pg_dump, taken apart', () => {
  for (const [what, sql] of Object.entries(WHOLE)) {
    it(`keeps ${what} in one statement`, () => {
      expect(sqlOf(`${sql};\nSELECT 'next';`)).to.deep.equal([sql, "SELECT 'next'"])
    })
  }

  it('splits what stands on one line', () => {
    expect(sqlOf("SET a = 0;SET b = ';';SELECT 1")).to.deep.equal(['SET a = 0', "SET b = ';'", 'SELECT 1'])
  })

  it('takes a last statement without a semicolon', () => {
    expect(sqlOf('SELECT 1;\n\n SELECT $$a;$$')).to.deep.equal(['SELECT 1', 'SELECT $$a;$$'])
  })

  it('leaves out the lines that only psql understands', () => {
    const script = `\\restrict aBc123\n\nSET a = 0;\n--\n-- Name: t; Type: TABLE\n--\nCREATE TABLE t ();\n\n\\unrestrict aBc123\n`
    const statements = sqlOf(script)
    expect(statements).to.have.lengthOf(2)
    expect(statements.join()).not.to.include('restrict')
    expect(statements[1]).to.match(/CREATE TABLE t \(\)$/)
  })

  it('makes no statement of comments and empty ones', () => {
    expect(sqlOf('-- nothing;\n/* at; all */ ;;\n ; -- end')).to.deep.equal([])
  })

  it('gives names as they stand, quotes included, and no word of a string or body', () => {
    const script = `COMMENT ON TABLE "We""ird"."T;x" IS 'CREATE TRIGGER t';
      CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ CREATE TRIGGER t $$; CREATE /* TRIGGER */ TYPE größe AS ENUM ()`
    expect(wordsOf(script)).to.deep.equal([
      'COMMENT ON TABLE "We""ird" "T;x" IS',
      'CREATE FUNCTION f RETURNS text LANGUAGE sql AS',
      'CREATE TYPE größe AS ENUM',
    ])
  })

  it('goes on after a function body as if nothing had been', () => {
    const bodies = Object.values(WHOLE)
    expect(sqlOf(bodies.join(';\n'))).to.deep.equal(bodies)
  })

  it('loses nothing: the statements, joined, hold every token of the script', () => {
    const script = Object.values(WHOLE)
      .map((sql) => `--\n-- a; comment\n--\n\n${sql};\n\n\n`)
      .join('')
    const rejoined = sqlOf(script)
      .map((sql) => `${sql};`)
      .join('\n')
    expect(tokensOf(rejoined)).to.deep.equal(tokensOf(script))
  })

  it('does not take time by the square of the script', () => {
    const script = "CREATE TABLE public.t (a integer, b text DEFAULT 'x;');\n".repeat(20_000)
    const started = performance.now()
    expect(statementsOf(script)).to.have.lengthOf(20_000)
    expect(performance.now() - started).to.be.below(5000)
  })
})

/** What a server's scanner would see, by other means: one regular expression; good enough for the scripts above. */
function tokensOf(script: string): string[] {
  const token =
    /--[^\n]*|\/\*(?:[^*/]|\*(?!\/)|\/(?!\*)|\/\*(?:[^*]|\*(?!\/))*\*\/)*\*\/|(\$(?:[\p{L}_][\p{L}\d_]*)?\$)[\s\S]*?\1|[eE]'(?:\\[\s\S]|''|[^'\\])*'|'(?:''|[^'])*'|"(?:""|[^"])*"|[\p{L}_][\p{L}\d_$]*|\d+|\S/gu
  return (script.match(token) ?? []).filter((text) => !/^(--|\/\*)/.test(text))
}
