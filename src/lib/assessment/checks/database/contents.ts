import {literal} from '../../../postgres/catalog.js'
import {catalogCheck, type Check} from '../../check.js'
import {NAME, RELATIONS} from './relations.js'

const largeObjects = catalogCheck<{count: string}>({
  id: 'large-objects',
  question: 'Are there large objects, which triggers cannot guard?',
  level: 'warning',
  example: {on: 'source', sql: 'select lo_create(424242)', cure: 'select lo_unlink(424242)'},
  sql: `select count(*)::text as count from pg_largeobject_metadata having count(*) > 0`,
  found: ({count}) => ({
    what: `large objects (${count}) are copied and compared in the window, which makes it longer`,
    remedy: 'move their contents to bytea columns or S3, then delete them with lo_unlink()',
  }),
})

const foreignLargeObjects = catalogCheck<{owner: string; count: string; reader: string}>({
  id: 'large-objects-of-others',
  question: 'Can the role of DATABASE_URL read every large object?',
  level: 'blocker',
  example: {
    on: 'source',
    superuser: true,
    sql: 'select lo_create(434343)',
  },
  sql: `select lomowner::regrole::text as owner, count(*)::text as count, quote_ident(current_user) as reader
        from pg_largeobject_metadata where not pg_has_role(lomowner, 'USAGE') group by 1 order by 1`,
  found: ({owner, count, reader}) => ({
    what: `large objects (${count}) are owned by ${owner}: the role of DATABASE_URL cannot read them`,
    remedy: `make ${reader} their owner, as ${owner} or a superuser; or delete them with lo_unlink()`,
    // eslint-disable-next-line local/sql-width -- to be pasted, so it stays in one line
    fix: `do $$ declare o oid; begin for o in select oid from pg_largeobject_metadata where lomowner = ${literal(owner)}::regrole loop execute format('alter large object %s owner to ${reader.replaceAll("'", "''")}', o); end loop; end $$`,
    runBy: 'source-owner',
  }),
})

const unfilledViews = catalogCheck<{name: string}>({
  id: 'unfilled-materialized-views',
  question: 'Are there unpopulated materialized views (WITH NO DATA)?',
  level: 'warning',
  example: {on: 'source', sql: 'create materialized view public.later as select 1 as one with no data'},
  sql: `select ${NAME} as name from ${RELATIONS} where c.relkind = 'm' and not c.relispopulated order by 1`,
  found: ({name}) => ({
    what: `materialized view ${name} has never been populated, and stays unpopulated on RDS`,
    remedy: 'run refresh materialized view, or drop it',
    fix: `refresh materialized view ${name}`,
  }),
})

export default [largeObjects, foreignLargeObjects, unfilledViews] satisfies Check[]
