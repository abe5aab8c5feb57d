import {expect} from 'chai'

import {schemaStatements} from '../../src/lib/copy/schema-script.js'

const FENCE = 'heroku_rds_fence'
const OWNER = 'u0ae55f2527836f'
const target = (...schemas: string[]) => ({schemas: new Set(['public', ...schemas]), owner: OWNER})
const kept = (script: string, where = target()) => schemaStatements(script, where).map(({sql}) => sql)

describe('the statements the target shall execute', () => {
  it('leave out extensions and their comments, which are made beforehand', () => {
    const script = `CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA heroku_ext;
      COMMENT ON EXTENSION citext IS 'data type; case-insensitive';
      COMMENT ON SCHEMA public IS 'CREATE EXTENSION';`
    expect(kept(script)).to.deep.equal([`COMMENT ON SCHEMA public IS 'CREATE EXTENSION'`])
  })

  it('leave out schemas the target has, and only those', () => {
    const script = 'CREATE SCHEMA public; CREATE SCHEMA heroku_ext; CREATE SCHEMA "Odd;Name"; CREATE SCHEMA billing'
    expect(kept(script, target('heroku_ext', 'Odd;Name'))).to.deep.equal(['CREATE SCHEMA billing'])
  })

  it('leave out the time limits and the search path, which are those of the session', () => {
    const script = `SET statement_timeout = 0; SET lock_timeout = 0; SET transaction_timeout = 0;
      SET check_function_bodies = false; SELECT pg_catalog.set_config('search_path', '', false)`
    expect(kept(script)).to.deep.equal(['SET check_function_bodies = false'])
  })

  it('leave out the fence of the source', () => {
    const script = `
      CREATE TRIGGER ${FENCE} BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON public."T;x" FOR EACH STATEMENT EXECUTE FUNCTION heroku_rds.fence();
      ALTER TABLE public."T;x" ENABLE ALWAYS TRIGGER ${FENCE};
      CREATE SCHEMA heroku_rds;
      CREATE TRIGGER audit AFTER INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.audit();
      ALTER TABLE public.t ENABLE ALWAYS TRIGGER audit`
    expect(kept(script).map((sql) => sql.slice(0, 20))).to.deep.equal(['CREATE TRIGGER audit', 'ALTER TABLE public.t'])
  })

  it('leave out event triggers, which only the master of RDS can create', () => {
    const script = `
      CREATE EVENT TRIGGER "00_validate_before_start" ON ddl_command_start EXECUTE FUNCTION _heroku.extension_before_run();
      ALTER EVENT TRIGGER "00_validate_before_start" DISABLE;
      COMMENT ON EVENT TRIGGER "00_validate_before_start" IS 'x';
      CREATE FUNCTION public.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'begin end'`
    expect(kept(script).map((sql) => sql.slice(0, 31))).to.deep.equal(['CREATE FUNCTION public.on_ddl()'])
  })

  it('leave out security labels, of which only a module of the server knows the meaning', () => {
    const script = `SECURITY LABEL FOR anon ON COLUMN public.people.name IS 'MASKED'; CREATE TABLE public."SECURITY" ()`
    expect(kept(script)).to.deep.equal(['CREATE TABLE public."SECURITY" ()'])
  })

  describe('make a policy of the source’s owner one of the role that executes it', () => {
    const policies: Record<string, [of: string, becomes: string]> = {
      'for it alone': [`p ON public.t TO ${OWNER} USING (true)`, 'p ON public.t TO CURRENT_USER USING (true)'],
      'among other roles': [
        `p ON public.t AS RESTRICTIVE FOR UPDATE TO "Web;Reader", ${OWNER}, zed USING ((a > 1)) WITH CHECK (true)`,
        'p ON public.t AS RESTRICTIVE FOR UPDATE TO "Web;Reader", CURRENT_USER, zed USING ((a > 1)) WITH CHECK (true)',
      ],
      'in quotes': [`p ON public.t TO "${OWNER}"`, 'p ON public.t TO CURRENT_USER'],
      'with only a check': [
        `p ON public.t FOR INSERT TO ${OWNER} WITH CHECK (true)`,
        'p ON public.t FOR INSERT TO CURRENT_USER WITH CHECK (true)',
      ],
      'but no policy, table or text that is called like it': [
        `${OWNER} ON public.${OWNER} TO reader USING ((a = '${OWNER}'::text))`,
        `${OWNER} ON public.${OWNER} TO reader USING ((a = '${OWNER}'::text))`,
      ],
      'nor names that read like the list': [
        `"x TO ${OWNER}" ON public."TO" TO "using", "${OWNER} ", ${OWNER}2 USING ((a IN ( SELECT t."TO", ${OWNER}.b)))`,
        `"x TO ${OWNER}" ON public."TO" TO "using", "${OWNER} ", ${OWNER}2 USING ((a IN ( SELECT t."TO", ${OWNER}.b)))`,
      ],
      'nor one for everybody': ['p ON public.t USING (true)', 'p ON public.t USING (true)'],
    }
    for (const [what, [of, becomes]] of Object.entries(policies)) {
      it(what, () => {
        expect(kept(`SET a = 0; CREATE POLICY ${of}; SELECT 1`)).to.deep.equal([
          'SET a = 0',
          `CREATE POLICY ${becomes}`,
          'SELECT 1',
        ])
      })
    }
  })

  const customers: Record<string, string> = {
    'a function whose body makes a fence': `CREATE FUNCTION public.f() RETURNS void LANGUAGE plpgsql AS $$
      BEGIN EXECUTE 'x'; CREATE TRIGGER ${FENCE} BEFORE INSERT ON t EXECUTE FUNCTION g(); END $$`,
    'a comment that speaks of one': `COMMENT ON TABLE public.t IS 'x; CREATE TRIGGER ${FENCE} ON t; CREATE SCHEMA public;'`,
    'a table called TRIGGER with a column called like the fence': `CREATE TABLE public."TRIGGER" (${FENCE} integer)`,
    'a function called TRIGGER with such an argument': `CREATE FUNCTION public."TRIGGER"(${FENCE} integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
    'a table called EXTENSION': 'CREATE TABLE public."EXTENSION" (a integer)',
    'a table called EVENT': 'CREATE TABLE public."EVENT" (a integer)',
    'a trigger whose table is called like the fence': `CREATE TRIGGER audit AFTER INSERT ON public.${FENCE} FOR EACH ROW EXECUTE FUNCTION public.audit()`,
    'a body of standard SQL with a name like the fence': `CREATE FUNCTION public.g() RETURNS integer LANGUAGE sql
      BEGIN ATOMIC SELECT t.${FENCE} AS "TRIGGER" FROM public.t; END`,
  }
  for (const [what, sql] of Object.entries(customers)) {
    it(`keep ${what}`, () => {
      expect(kept(`SET a = 0;\n${sql};\nSELECT 1;`)).to.deep.equal(['SET a = 0', sql, 'SELECT 1'])
    })
  }
})
