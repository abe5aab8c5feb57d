import type {PostgresServer} from './server.js'

export interface AuroraOptions {
  /** What the functions that read the control file do: no public source tells, so both are to be tried. */
  controlFile: 'readable' | 'refused'
}

/*
 * Functions that Aurora PostgreSQL has and refuses, with the words of its refusals, as reported in public: nagios-plugins#542,
 * ankane/pghero#168, DataDog/integrations-core#14498, #15890, #15896 and #20356, rapidloop/pgmetrics#68.
 */

const notSupported = (name: string) => ({
  code: '0A000',
  message: `Function ${name}() is currently not supported for Aurora`,
})

const needsLogical = {
  code: '55000',
  message: `wal_level must be set to 'logical'`,
  hint: 'WAL control functions cannot be executed when wal_level < logical.',
}

interface Refusal {
  code: string
  message: string
  hint?: string
}

const REFUSED: Record<string, Refusal> = {
  pg_walfile_name: notSupported('pg_walfile_name'),
  pg_stat_get_wal: notSupported('pg_stat_get_wal'),
  pg_last_wal_receive_lsn: notSupported('pg_last_wal_receive_lsn'),
  pg_last_wal_replay_lsn: notSupported('pg_last_wal_replay_lsn'),
  pg_last_xact_replay_timestamp: notSupported('pg_last_xact_replay_timestamp'),
  pg_stat_get_wal_receiver: {
    code: '0A000',
    message: 'Function pg_stat_get_wal_receiver() is currently not supported in Aurora',
  },
  // Not even a grant opens it.
  pg_ls_waldir: {code: '42501', message: 'permission denied for function pg_ls_waldir'},
}

const CONTROL_FILE = ['pg_control_checkpoint', 'pg_control_init', 'pg_control_recovery', 'pg_control_system']

/** They answer where `rds.logical_replication` is on. */
const WITH_LOGICAL = ['pg_current_wal_lsn', 'pg_current_wal_insert_lsn']

/** Views on functions that are refused. */
const VIEWS = ['pg_stat_wal', 'pg_stat_wal_receiver']

const KEPT = 'sandbox_original_'

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

const raise = ({code, message, hint}: Refusal): string =>
  `raise exception using errcode = ${literal(code)}, message = ${literal(message)}${hint ? `, hint = ${literal(hint)}` : ''};`

/**
 * Postgres calls its own functions by OID, whatever their row in the catalog says: each keeps its OID under another name, and its old
 * name goes to another function of the same signature.
 */
const replace = (name: string, body: string): string => `
  select format('create function pg_catalog.%I(%s) returns %s language plpgsql %s %s as ',
      proname, pg_get_function_arguments(oid), pg_get_function_result(oid),
      case provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
      case when proisstrict then 'strict' else '' end) || quote_literal(${literal(`begin ${body} end`)})
    into definition
  from pg_proc where proname = '${name}' and pronamespace = 'pg_catalog'::regnamespace;
  if found then
    execute 'alter function pg_catalog.${name} rename to ${KEPT}${name}';
    execute definition;
  end if;`

/**
 * Makes a server refuse what Aurora PostgreSQL refuses, to every role, in each database that is made from then on. `aurora_version()`
 * is there. Replication is as before, and `pg_is_in_recovery` as well: the sandbox has no reader.
 */
export async function becomeAurora(server: PostgresServer, {controlFile}: AuroraOptions): Promise<void> {
  const refused = {
    ...REFUSED,
    ...(controlFile === 'refused'
      ? Object.fromEntries(CONTROL_FILE.map((name): [string, Refusal] => [name, notSupported(name)]))
      : {}),
  }
  const functions = [
    ...Object.entries(refused).map(([name, refusal]) => replace(name, raise(refusal))),
    ...WITH_LOGICAL.map((name) =>
      replace(
        name,
        `if current_setting('wal_level') <> 'logical' then ${raise(needsLogical)} end if; return ${KEPT}${name}();`,
      ),
    ),
  ]
  const views = VIEWS.map((view) => `'${view}'`).join(', ')
  const sql = `
    set allow_system_table_mods = on;
    do $aurora$
    declare
      definition text;
      views text[] := array(
        select format('create or replace view pg_catalog.%I as %s', relname, pg_get_viewdef(oid))
        from pg_class where relname in (${views}) and relnamespace = 'pg_catalog'::regnamespace);
    begin
      ${functions.join('\n')}
      foreach definition in array views loop execute definition; end loop;
      create function pg_catalog.aurora_version() returns text language sql stable
        as $$select current_setting('server_version') || '.1'$$;
    end $aurora$`
  for (const database of ['template1', 'postgres']) await server.superuser(database, sql)
}

/**
 * A failover of an Aurora cluster, as its clients see it: every session ends, and behind the same endpoint another instance, with another
 * `pg_postmaster_start_time()`, goes on with the same volume: every acknowledged commit is there, and unlogged tables are empty. It does not
 * show the seconds in which the endpoint still leads to the old writer, which is a reader by then.
 */
export const failOver = (server: PostgresServer): Promise<void> => server.restart({immediate: true})
