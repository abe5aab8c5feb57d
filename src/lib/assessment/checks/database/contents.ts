import {catalogCheck, type Check} from '../../check.js'
import {NAME, RELATIONS} from './relations.js'

const largeObjects = catalogCheck<{count: string}>({
  id: 'large-objects',
  question: 'Are there large objects, which travel with no table?',
  level: 'blocker',
  example: {on: 'source', sql: 'select lo_create(424242)', cure: 'select lo_unlink(424242)'},
  sql: 'select count(*)::text as count from pg_largeobject_metadata having count(*) > 0',
  found: ({count}) => ({
    what: `large objects (${count}) would be left behind`,
    remedy: 'move their contents to bytea columns or to S3, then lo_unlink() them',
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

export default [largeObjects, unfilledViews] satisfies Check[]
