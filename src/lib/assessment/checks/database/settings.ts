import {catalogCheck, type Check} from '../../check.js'

/** Settings of this database, of roles in it and of the app's role, each with the clause that `alter` needs. */
const SETTINGS = `
      select split_part(setting, '=', 1) as name,
        substr(setting, strpos(setting, '=') + 1) as value,
        s.setrole in (0, me.oid) as ours,
        case s.setrole
          when 0 then format('database %I', d.datname)
          else concat(
            'role ',
            s.setrole::regrole,
            case when s.setdatabase <> 0 then format(' in database %I', d.datname) end) end as place
      from pg_db_role_setting s
      cross join lateral unnest(s.setconfig) setting
      join pg_database d on d.datname = current_database()
      join pg_roles me on me.rolname = current_user
      where s.setdatabase = d.oid
        or s.setdatabase = 0 and s.setrole = me.oid`

const TIMEOUTS = `'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout',
      'transaction_timeout'`

interface Setting {
  name: string
  value: string
  place: string
}

const timeouts = catalogCheck<Setting>({
  id: 'timeouts',
  question: 'Do the database or its roles set timeouts, such as statement_timeout?',
  level: 'warning',
  example: {
    on: 'source',
    sql: `do $$ begin
      execute format('alter database %I set statement_timeout = %L', current_database(), '30s');
    end $$`,
  },
  sql: `
    select name, value, place
    from (${SETTINGS}) s
    where name in (${TIMEOUTS})
      and value !~ '^0+[a-z]*$'
    order by 1, 3`,
  found: ({name, value, place}) => ({
    what: `${name} is ${value} for ${place}: it cuts off dumps and long statements, on RDS too`,
    remedy: 'reset it if you run dumps or long statements; this plugin overrides it in its own sessions',
    fix: `alter ${place} reset ${name}`,
  }),
})

const others = catalogCheck<Setting & {travels: boolean}>({
  id: 'database-settings',
  question: 'Do the database or its roles have settings (ALTER DATABASE SET, ALTER ROLE SET)?',
  level: 'warning',
  example: {
    on: 'source',
    sql: `do $$ begin
      execute format('alter role %I in database %I set work_mem = %L', current_user, current_database(), '64MB');
    end $$`,
  },
  sql: `
    select s.name, s.value, s.place, s.ours and (s.name like '%.%' or g.context = 'user') as travels
    from (${SETTINGS}) s
    left join pg_settings g on g.name = s.name
    where s.name not in (${TIMEOUTS}, 'search_path', 'default_transaction_read_only')
      and s.name !~ '^(extwlist|heroku_rds)\\.'
    order by 3, 1`,
  found: ({name, value, place, travels}) => ({
    what: `${name} is ${value} for ${place}${travels ? ', and is copied as a setting of the target database' : ', and is not copied'}`,
    remedy: travels
      ? 'check that it suits RDS as well, or reset it'
      : 'set it on RDS with alter role or alter database, or in the parameter group if that is not allowed',
    fix: `alter ${place} reset ${name}`,
  }),
})

export default [timeouts, others] satisfies Check[]
