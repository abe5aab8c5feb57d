import {notOfExtension, USER_SCHEMA} from '../../../catalog.js'
import {catalogCheck, type Check} from '../../check.js'
import {sourceAnswering} from './answering.js'
import {NAME, RELATIONS, relationOf} from './relations.js'

const largeObjects = catalogCheck<{count: string}>({
  id: 'large-objects',
  question: 'Are there large objects, which travel with no table?',
  level: 'blocker',
  example: {on: 'source', sql: 'select lo_create(424242)', cure: 'select lo_unlink(424242)'},
  sql: 'select count(*)::text as count from pg_largeobject_metadata having count(*) > 0',
  found: ({count}) => ({
    what: `${count} large objects would be left behind`,
    remedy: 'move their contents to bytea columns or to S3, then lo_unlink() them',
  }),
})

const sequencesNearEnd = catalogCheck<{name: string; used: string; type: string}>({
  id: 'sequences-near-end',
  question: 'Is a sequence about to run out?',
  level: 'warning',
  example: {
    on: 'source',
    sql: "create sequence public.nearly_done maxvalue 1000; select setval('public.nearly_done', 950)",
  },
  sql: `
    select format('%I.%I', schemaname, sequencename) as name, data_type::text as type,
      round(100 * abs(last_value::numeric - start_value) / nullif(abs(case when increment_by > 0 then max_value else min_value end::numeric - start_value), 0))::text as used
    from pg_sequences s join pg_namespace n on n.nspname = s.schemaname
    where last_value is not null and not cycle and ${USER_SCHEMA}
      and abs(last_value::numeric - start_value) > 0.9 * abs(case when increment_by > 0 then max_value else min_value end::numeric - start_value)
    order by 1`,
  found: ({name, used}) => ({
    what: `sequence ${name} has used ${used} % of its range`,
    remedy: 'give it a longer range and, where it feeds an integer column, make that column bigint',
    fix: `alter sequence ${name} as bigint no maxvalue`,
  }),
})

const outgrownColumns = catalogCheck<{name: string; column: string; sequence: string}>({
  id: 'integers-near-end',
  question: 'Does a sequence outgrow the integer column that it feeds?',
  level: 'warning',
  example: {
    on: 'source',
    sql: `create table public.tickets (id int primary key); create sequence public.ticket_ids as bigint owned by public.tickets.id;
      alter table public.tickets alter id set default nextval('public.ticket_ids'); select setval('public.ticket_ids', 2100000000)`,
  },
  sql: `
    select ${NAME} as name, quote_ident(a.attname) as column, format('%I.%I', s.schemaname, s.sequencename) as sequence
    from pg_sequences s join pg_depend d on d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
      and d.objid = format('%I.%I', s.schemaname, s.sequencename)::regclass and d.deptype in ('a', 'i')
    join ${relationOf('d.refobjid')}
    join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
    where a.atttypid in ('int4'::regtype, 'int2'::regtype) and s.max_value > case a.attlen when 2 then 32767 else 2147483647 end
      and s.last_value > 0.9 * case a.attlen when 2 then 32767 else 2147483647 end order by 1`,
  found: ({name, column, sequence}) => ({
    what: `${sequence} is about to outgrow ${name}.${column}`,
    remedy: 'make the column bigint; this rewrites the table',
    fix: `alter table ${name} alter ${column} type bigint`,
  }),
})

const unfilledViews = catalogCheck<{name: string}>({
  id: 'unfilled-materialized-views',
  question: 'Are there materialized views that hold nothing yet?',
  level: 'warning',
  example: {on: 'source', sql: 'create materialized view public.later as select 1 as one with no data'},
  sql: `select ${NAME} as name from ${RELATIONS} where c.relkind = 'm' and not c.relispopulated order by 1`,
  found: ({name}) => ({
    what: `materialized view ${name} has never been filled: it stays unfilled on RDS`,
    remedy: 'fill it, or drop it',
    fix: `refresh materialized view ${name}`,
  }),
})

const encoding = catalogCheck<{encoding: string}>({
  id: 'encoding',
  question: 'Is the text of this database valid UTF-8?',
  level: 'blocker',
  example: {facts: sourceAnswering({encoding: 'SQL_ASCII'})},
  sql: `
    select pg_encoding_to_char(encoding) as encoding from pg_database
    where datname = current_database() and pg_encoding_to_char(encoding) <> 'UTF8'`,
  found: (row) => ({
    what: `the database is encoded in ${row.encoding}; its text may not be valid UTF-8`,
    remedy: 'convert the text columns first',
  }),
})

const collations = catalogCheck<{name: string; provider: string}>({
  id: 'own-collations',
  question: 'Does the database bring collations of its own, whose order depends on the server?',
  level: 'warning',
  example: {on: 'source', sql: `create collation public.german (provider = icu, locale = 'de')`},
  sql: `
    select format('%I.%I', n.nspname, o.collname) as name, o.collprovider::text as provider
    from pg_collation o join pg_namespace n on n.oid = o.collnamespace
    where ${USER_SCHEMA} and ${notOfExtension('pg_collation', 'o.oid')} order by 1`,
  found: ({name, provider}) => ({
    what: `collation ${name} is ${provider === 'i' ? 'of ICU' : 'of the C library'}: RDS may sort by another version of it`,
    remedy:
      'indexes are built anew and are right; make sure nothing relies on the exact order – drop it where it is unused',
    fix: `drop collation ${name}`,
  }),
})

const extensionTables: Check = {
  id: 'extension-tables',
  question: 'Do tables of extensions hold rows of yours, which travel with no table?',
  level: 'blocker',
  example: {facts: sourceAnswering({extension: 'postgis', name: 'public.spatial_ref_sys', condition: '', found: true})},

  async inspect({source}) {
    const tables = await source.query<{extension: string; name: string; condition: string}>(`
      select e.extname as extension, ${NAME} as name, coalesce(e.extcondition[k.nth], '') as condition
      from pg_extension e cross join lateral unnest(e.extconfig) with ordinality k (table_oid, nth)
      join pg_class c on c.oid = k.table_oid join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' order by 1, 2`)
    const findings = []
    for (const {extension, name, condition} of tables) {
      const [row] = await source.query<{found: boolean}>(`select exists (select from ${name} ${condition}) as found`)
      if (row!.found) {
        findings.push({
          what: `${name} of extension ${extension} holds rows of yours, which would be left behind`,
          remedy: 'save them, delete them, and load them on RDS after the move',
          fix: `heroku pg:psql -c "copy ${name} to stdout"`,
        })
      }
    }
    return findings
  },
}

const preloaded = catalogCheck<{name: string}>({
  id: 'preloaded-extensions',
  question: 'Are there extensions that a server must be started with?',
  level: 'warning',
  example: {on: 'source', superuser: true, sql: 'create extension pg_stat_statements'},
  sql: `
    select quote_ident(extname) as name from pg_extension
    where extname in ('pg_stat_statements', 'pg_cron', 'pg_partman_bgw', 'pgaudit', 'pg_hint_plan', 'pg_prewarm') order by 1`,
  found: ({name}) => ({
    what: `extension ${name} works only on a server that preloads it`,
    remedy: 'keep it in shared_preload_libraries of the parameter group, or drop it where nothing uses it',
    fix: `drop extension ${name}`,
  }),
})

export default [
  largeObjects,
  sequencesNearEnd,
  outgrownColumns,
  unfilledViews,
  encoding,
  collations,
  extensionTables,
  preloaded,
] satisfies Check[]
