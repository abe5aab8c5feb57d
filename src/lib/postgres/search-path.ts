import type {Queryable} from '../ports/ports.js'

export interface SearchPath {
  /** As `set search_path =` takes it. */
  value: string
  /** What `alter … set` has to name to change it, e.g. `database "d1"`. */
  place: string
}

/** The search_path that sessions of this role in this database begin with; ours begin with another one. */
export const searchPathOf = (db: Queryable): Promise<SearchPath> =>
  db.queryOne<SearchPath>(`
    select coalesce(own.value, '"$user", public') as value,
      coalesce(own.place, format('database %I', d.datname)) as place
    from pg_database d
    join pg_roles r on r.rolname = current_user
    left join lateral (
      select substr(setting, strpos(setting, '=') + 1) as value,
        concat_ws(' in ',
          case when s.setrole <> 0 then format('role %I', r.rolname) end,
          case when s.setdatabase <> 0 then format('database %I', d.datname) end) as place
      from pg_db_role_setting s
      cross join unnest(s.setconfig) setting
      where split_part(setting, '=', 1) = 'search_path'
        -- 0 stands for every database, and for every role
        and s.setdatabase in (0, d.oid)
        and s.setrole in (0, r.oid)
      order by s.setrole = 0, s.setdatabase = 0
      limit 1) own on true
    where d.datname = current_database()`)
