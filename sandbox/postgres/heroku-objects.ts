import pg from 'pg'
import type {PostgresServer} from './server.js'
import {runAll} from './sql.js'

const {escapeIdentifier: id} = pg

/** Dumps of Heroku databases show two sets of event triggers; the newer one since 2026. */
export type Generation = 'newer' | 'older'

const made = new WeakMap<PostgresServer, Promise<void>>()

/** The provider's roles, shared by all databases of a server: who owns what the customer does not. None may log in here. */
export function makeProviderRoles(server: PostgresServer): Promise<void> {
  const role = (name: string, options: string) => `DO $$ BEGIN
    CREATE ROLE ${name} NOLOGIN ${options};
  EXCEPTION WHEN duplicate_object THEN NULL; END $$`
  const making =
    made.get(server) ??
    runAll(server.superuserUrl(), [
      role('rdsadmin', 'SUPERUSER'),
      role('rds_superuser', ''),
      role('heroku_admin', 'CREATEROLE'),
      'GRANT rds_superuser TO heroku_admin',
    ])
  made.set(server, making)
  return making
}

/** What a Heroku database holds before the customer makes anything, as statements of a superuser in it. */
export function herokuObjects({
  user,
  generation,
  major,
}: {
  user: string
  generation: Generation
  major: number
}): string[] {
  return [
    'CREATE SCHEMA _heroku AUTHORIZATION heroku_admin',
    'GRANT USAGE ON SCHEMA _heroku TO PUBLIC',
    ...FUNCTIONS,
    ...EVENT_TRIGGERS[generation].map(
      ([name, event, routine]) => `CREATE EVENT TRIGGER ${id(name)} ON ${event} EXECUTE FUNCTION _heroku.${routine}()`,
    ),
    // Only a superuser may own one; the dumps show an administrator that is none.
    'SET allow_system_table_mods = on',
    `UPDATE pg_event_trigger SET evtowner = 'heroku_admin'::regrole`,
    'RESET allow_system_table_mods',
    `CREATE SCHEMA heroku_ext AUTHORIZATION ${id(user)}`,
    'GRANT USAGE ON SCHEMA heroku_ext TO PUBLIC',
    ...(generation === 'newer' && major >= 15 ? [] : [`ALTER SCHEMA public OWNER TO ${id(user)}`]),
    'REVOKE ALL ON SCHEMA public FROM PUBLIC',
    `GRANT ALL ON SCHEMA public TO ${id(user)}`,
    'SET ROLE rdsadmin',
    'CREATE EXTENSION citext SCHEMA heroku_ext',
    'CREATE EXTENSION pg_trgm SCHEMA heroku_ext',
    'CREATE EXTENSION pg_stat_statements SCHEMA public',
    `DO $$ DECLARE reset text; BEGIN
      SELECT oid::regprocedure INTO reset FROM pg_proc WHERE proname = 'pg_stat_statements_reset';
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO heroku_admin, ${id(user)}', reset);
    END $$`,
  ]
}

const EVENT_TRIGGERS: Record<Generation, [name: string, event: string, routine: string][]> = {
  older: [
    ['extension_before_drop', 'ddl_command_start', 'extension_before_drop'],
    ['log_create_ext', 'ddl_command_end', 'create_ext'],
    ['log_drop_ext', 'sql_drop', 'drop_ext'],
    ['validate_extension', 'ddl_command_end', 'validate_extension'],
  ],
  newer: [
    ['00_validate_before_start', 'ddl_command_start', 'extension_before_run'],
    ['00_validate_extension_after', 'ddl_command_end', 'validate_extension'],
    ['01_configure_extension_after', 'ddl_command_end', 'create_ext'],
    ['01_configure_extension_drop', 'sql_drop', 'drop_ext'],
    ['01_extension_before_drop', 'ddl_command_start', 'extension_before_drop'],
  ],
}

/** The event triggers run for every DDL of every role; they act on extensions only, which a hostile session may not touch. */
const FUNCTIONS = [
  routine(
    'validate_search_path() RETURNS void',
    `BEGIN
      IF (SELECT name FROM unnest(current_schemas(true)) WITH ORDINALITY path (name, nth)
          WHERE name !~ '^pg_temp' ORDER BY nth LIMIT 1) <> 'pg_catalog' THEN
        RAISE EXCEPTION 'pg_catalog must be the first schema of search_path' USING ERRCODE = '42501';
      END IF;
    END`,
  ),
  routine(
    'validate_pg_temp_clean() RETURNS void',
    `BEGIN
      IF EXISTS (SELECT FROM pg_class WHERE relnamespace = pg_my_temp_schema()) THEN
        RAISE EXCEPTION 'pg_temp must be empty' USING ERRCODE = '42501';
      END IF;
    END`,
  ),
  routine(
    'extension_before_run() RETURNS event_trigger',
    `BEGIN
      IF tg_tag LIKE '% EXTENSION' THEN
        PERFORM _heroku.validate_search_path();
        PERFORM _heroku.validate_pg_temp_clean();
      END IF;
    END`,
  ),
  routine(
    'extension_before_drop() RETURNS event_trigger',
    `BEGIN
      IF tg_tag = 'DROP EXTENSION' THEN
        PERFORM _heroku.validate_search_path();
      END IF;
    END`,
  ),
  routine(
    'validate_extension() RETURNS event_trigger',
    `DECLARE command record;
    BEGIN
      FOR command IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE command_tag = 'CREATE EXTENSION' LOOP
        IF command.schema_name = 'pg_temp' THEN
          RAISE EXCEPTION 'an extension cannot be temporary' USING ERRCODE = '42501';
        END IF;
      END LOOP;
    END`,
  ),
  routine(
    'create_ext() RETURNS event_trigger',
    `DECLARE command record;
    BEGIN
      FOR command IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE command_tag = 'CREATE EXTENSION' LOOP
        RAISE DEBUG 'created %', command.object_identity;
      END LOOP;
    END`,
    'SECURITY DEFINER',
  ),
  routine(
    'drop_ext() RETURNS event_trigger',
    `DECLARE dropped record;
    BEGIN
      FOR dropped IN SELECT * FROM pg_event_trigger_dropped_objects() WHERE object_type = 'extension' LOOP
        RAISE DEBUG 'dropped %', dropped.object_identity;
      END LOOP;
    END`,
    'SECURITY DEFINER',
  ),
  routine('pg_stat_statements_reset() RETURNS void', 'BEGIN END', 'SECURITY DEFINER'),
].flat()

function routine(signature: string, body: string, options = ''): string[] {
  const [name] = signature.split(' RETURNS ')
  return [
    `CREATE FUNCTION _heroku.${signature} LANGUAGE plpgsql ${options} AS $$ ${body} $$`,
    `ALTER FUNCTION _heroku.${name} OWNER TO heroku_admin`,
  ]
}
