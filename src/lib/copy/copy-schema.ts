import {identifier, literal, notOfExtension, OWN_SCHEMA, USER_EXTENSION, USER_SCHEMA} from '../postgres/catalog.js'
import type {Database, Queryable, SchemaDump} from '../ports/ports.js'
import {appSearchPath} from '../postgres/app-search-path.js'
import {fenceCreated} from '../fence/fence.js'
import {forgetChunks} from './chunk-state.js'
import {executeAll} from './execute.js'
import {removeLargeObjects} from './large-objects.js'
import {partitionedForeignKeys, type PostData, sortPostData, sourceIndexes} from './post-data.js'
import {carrySettings, databaseSettings, type Setting, restoreSettings} from './settings.js'
import {checksToWait, dropChecks} from './set-aside.js'
import {type Executing, schemaStatements} from './schema-script.js'
import {loadLibraries} from './libraries.js'
import type {Statement} from './sql-lexer.js'

type Sides = {source: Database; target: Database}

/** What the target is made of before us: the undo of the copy leaves exactly this. */
export interface TargetBefore {
  extensions: string[]
  schemas: string[]
  settings: Setting[]
}

export async function targetBefore(target: Queryable): Promise<TargetBefore> {
  const extensions = await target.query<{name: string}>('select extname as name from pg_extension order by 1')
  return {
    extensions: extensions.map(({name}) => name),
    schemas: [...(await schemasOf(target))].sort(),
    settings: await databaseSettings(target),
  }
}

/** Creates everything but rows, indexes, constraints and triggers; all or nothing. No table takes a write that does not pass the fence. */
export async function copyObjects({
  source,
  target,
  schemaDump,
}: Sides & {schemaDump: SchemaDump}): Promise<{statements: number; settingsLeft: string[]}> {
  await createExtensions({source, target})
  const settingsLeft = await carrySettings({source, target})
  const statements = await objectStatements({source, target, schemaDump})
  const path = await appSearchPath(source)
  await target.transaction(
    async (session) => {
      await executeAll(session, statements, {inTransaction: true})
      await dropChecks(session)
      await fenceCreated(session)
    },
    {discard: true, path},
  )
  return {statements: statements.length, settingsLeft}
}

/** In the schemas that they have on the source. */
export async function createExtensions({source, target}: Sides): Promise<void> {
  const extensions = await source.query<{name: string; schema: string}>(`
    select e.extname as name, n.nspname as schema
    from pg_extension e
    join pg_namespace n on n.oid = e.extnamespace
    where e.extname <> 'plpgsql' and ${USER_EXTENSION}
    order by e.oid`)
  const create = extensions.flatMap(({name, schema}) => [
    ...(schema === 'pg_catalog' ? [] : [`create schema if not exists ${identifier(schema)}`]),
    `create extension if not exists ${identifier(name)} schema ${identifier(schema)} cascade`,
  ])
  if (create.length > 0) await target.query(create.join('; '))
}

/** The statements that create everything but indexes, constraints and triggers. */
export async function objectStatements({source, target, schemaDump}: Dumped): Promise<Statement[]> {
  const script = await schemaDump.section('objects')
  return [...(await loadLibraries(source)), ...schemaStatements(script, await executing({source, target}))]
}

async function executing({source, target}: Sides): Promise<Executing> {
  const {owner} = await source.queryOne<{owner: string}>('select current_user as owner')
  return {schemas: await schemasOf(target), owner}
}

type Dumped = Sides & {schemaDump: SchemaDump}

const known = new WeakMap<SchemaDump, Promise<PostData>>()

/** The statements that follow the rows, sorted; once for each dump, because the window has no time for it. */
export function readPostData(dumped: Dumped): Promise<PostData> {
  const data = known.get(dumped.schemaDump) ?? sortedPostData(dumped)
  known.set(dumped.schemaDump, data)
  data.catch(() => known.delete(dumped.schemaDump))
  return data
}

async function sortedPostData({source, target, schemaDump}: Dumped): Promise<PostData> {
  const script = await schemaDump.section('constraints')
  const statements = schemaStatements(script, await executing({source, target}))
  return sortPostData(statements, {
    indexes: await sourceIndexes(source),
    partitioned: await partitionedForeignKeys(source),
    checks: await checksToWait(source),
  })
}

/** Drops what is in the target beyond what was there before us; our own schema, with the journal, stays. */
export async function emptyTarget(target: Database, before: TargetBefore): Promise<void> {
  const drops = await target.query<{drop: string}>(
    `select format('drop extension if exists %I cascade', extname) as drop
     from pg_extension
     where extname <> all ($1)
     union all
     select format('drop schema if exists %I cascade', n.nspname)
     from pg_namespace n
     where ${USER_SCHEMA}
       and n.nspname <> all ($2)
       and pg_has_role(n.nspowner, 'USAGE')
       and ${notOfExtension('pg_namespace', 'n.oid')}`,
    [before.extensions, before.schemas],
  )
  await target.session(async (session) => {
    await forgetChunks(session)
    await removeLargeObjects(session)
    await executeAll(session, drops.map(asStatement))
    for (;;) {
      const objects = await session.query<{drop: string}>(OBJECTS_IN_SCHEMAS)
      if (objects.length === 0) break
      await executeAll(session, objects.map(asStatement))
    }
  })
  await restoreSettings(target, before.settings)
}

const asStatement = ({drop}: {drop: string}): Statement => ({sql: drop, words: [drop]})

/** Objects in the customer's schemas that belong to no extension and to no other object, as the statements that drop them. */
const OBJECTS_IN_SCHEMAS = `
  select case
      -- its OUT parameters may be all that tells it apart
      when p.prokind = 'p' then format('drop procedure if exists %I.%I(%s) cascade',
        n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
      else format('drop %s if exists %s cascade', case when p.oid is null then o.type else 'routine' end, o.identity)
      end as drop
  from (
    select 'pg_class'::regclass as catalog, oid, relnamespace as namespace, relowner as owner
    from pg_class
    where relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    union all select 'pg_proc'::regclass, oid, pronamespace, proowner from pg_proc
    union all select 'pg_type'::regclass, oid, typnamespace, typowner from pg_type
    union all select 'pg_operator'::regclass, oid, oprnamespace, oprowner from pg_operator
    union all select 'pg_opfamily'::regclass, oid, opfnamespace, opfowner from pg_opfamily
    union all select 'pg_collation'::regclass, oid, collnamespace, collowner from pg_collation
    union all select 'pg_conversion'::regclass, oid, connamespace, conowner from pg_conversion
    union all select 'pg_statistic_ext'::regclass, oid, stxnamespace, stxowner from pg_statistic_ext
    union all select 'pg_ts_config'::regclass, oid, cfgnamespace, cfgowner from pg_ts_config
    union all select 'pg_ts_dict'::regclass, oid, dictnamespace, dictowner from pg_ts_dict
  ) object
  join pg_namespace n on n.oid = object.namespace
  left join pg_proc p on object.catalog = 'pg_proc'::regclass and p.oid = object.oid
  cross join lateral pg_identify_object(object.catalog, object.oid, 0) o
  where ${USER_SCHEMA}
    and pg_has_role(object.owner, 'USAGE')
    -- neither a member of an extension nor a part of another object
    and not exists (
      select from pg_depend d
      where d.classid = object.catalog and d.objid = object.oid and d.objsubid = 0
        and d.refobjid <> object.oid and d.deptype in ('e', 'i', 'a', 'P', 'S'))
  limit 500`

async function schemasOf(db: Queryable): Promise<Set<string>> {
  const rows = await db.query<{name: string}>(
    `select nspname as name from pg_namespace where nspname <> ${literal(OWN_SCHEMA)}`,
  )
  return new Set(rows.map(({name}) => name))
}

declare module '../journal/notes.js' {
  interface Notes {
    targetBefore: TargetBefore
  }
}
