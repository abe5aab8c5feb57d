import {identifier, literal} from '../postgres/catalog.js'
import type {Database, Queryable} from '../ports/ports.js'
import {loadingLibraries} from './libraries.js'
import {codeOf, CANNOT_CHANGE_RUNTIME_PARAM, INSUFFICIENT_PRIVILEGE, UNDEFINED_OBJECT} from '../postgres/sqlstate.js'

/** A setting that a database or role gives to its sessions. */
export interface Setting {
  name: string
  value: string
}

const NAME_AND_VALUE = `split_part(setting, '=', 1) as name, substr(setting, strpos(setting, '=') + 1) as value`

/** Settings of the database itself, for every role. */
export const databaseSettings = (db: Queryable): Promise<Setting[]> =>
  db.query<Setting>(`
    select ${NAME_AND_VALUE}
    from pg_db_role_setting s, unnest(s.setconfig) setting
    where s.setrole = 0 and s.setdatabase = (select oid from pg_database where datname = current_database())
    order by 1`)

/**
 * Settings that the customer may have made on the source and its owner role (`search_path` above all) become the target
 * database's. The platform's own, and the freeze's, stay behind. Returns the names of those the target does not allow.
 */
export async function carrySettings({source, target}: {source: Queryable; target: Database}): Promise<string[]> {
  const settings = await source.query<Setting>(`
    select distinct on (name) ${NAME_AND_VALUE}
    from pg_db_role_setting s, unnest(s.setconfig) setting
    where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
      and s.setrole in (0, (select oid from pg_roles where rolname = current_user))
      and setting not like 'default\\_transaction\\_read\\_only=%'
      and setting not like 'extwlist.%'
      and (setting like '%.%=%'
        or split_part(setting, '=', 1) in (select name from pg_settings where context = 'user'))
    order by name, s.setdatabase desc, s.setrole desc`)
  if (settings.length === 0) return []
  const database = await quotedName(target)
  const left: string[] = []
  for (const setting of settings) {
    if (!(await setOnDatabase(target, database, setting))) left.push(setting.name)
  }
  return left
}

/** Gives the database back exactly the settings it had. */
export async function restoreSettings(target: Database, before: readonly Setting[]): Promise<void> {
  const wanted = new Map(before.map(({name, value}) => [name, value]))
  const database = await quotedName(target)
  for (const {name, value} of await databaseSettings(target)) {
    if (wanted.get(name) === value) wanted.delete(name)
    else if (!wanted.has(name)) await target.query(`alter database ${database} reset ${settingName(name)}`)
  }
  for (const [name, value] of wanted) await setOnDatabase(target, database, {name, value})
}

/** `from current` keeps lists such as search_path as they are, where a literal would be one name. False where it is not allowed. */
async function setOnDatabase(target: Database, database: string, {name, value}: Setting): Promise<boolean> {
  const statements = [
    ...(name.includes('.') ? [loadingLibraries([name.split('.')[0]!])] : []),
    `select set_config(${literal(name)}, ${literal(value)}, true)`,
    `alter database ${database} set ${settingName(name)} from current`,
  ]
  try {
    await target.query(statements.join('; '))
    return true
  } catch (error) {
    if (NOT_ALLOWED.has(codeOf(error))) return false
    throw error
  }
}

const NOT_ALLOWED = new Set([INSUFFICIENT_PRIVILEGE, UNDEFINED_OBJECT, CANNOT_CHANGE_RUNTIME_PARAM])

const settingName = (name: string): string => identifier(...name.split('.'))

async function quotedName(db: Queryable): Promise<string> {
  const row = await db.queryOne<{database: string}>('select current_database() as database')
  return identifier(row.database)
}
