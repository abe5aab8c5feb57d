import {callsAppCode} from '../postgres/app-code.js'
import {ALL_QUOTED, identifier, notOfExtension, USER_SCHEMA} from '../postgres/catalog.js'
import type {Queryable} from '../ports/ports.js'
import type {Check} from './set-aside.js'
import type {Statement} from './sql-lexer.js'

/** An index, or a constraint that rests on one. */
export interface Build {
  /** Quoted, without its schema. */
  name: string
  create: Statement
  /** Makes the index the constraint's and sets its statistics targets: when every build of the table is done. */
  then: Statement[]
  /** Of the index on the source. */
  bytes: number
  /** Its expressions call functions of the app's. */
  callsApp: boolean
}

export interface ForeignKey {
  table: string
  name: string
  add: Statement
  /** From or to a partitioned table: NOT VALID is refused there, or not made good in the partitions by VALIDATE. */
  partitioned: boolean
}

/** The statements after the rows, sorted by when they can run. */
export interface PostData {
  /** Tell ANALYZE what to look at. */
  statistics: Statement[]
  /** By table; each may start as soon as its table's rows are there. */
  builds: Map<string, Build[]>
  /** In the order of the dump, when every index is there. */
  rest: Statement[]
  foreignKeys: ForeignKey[]
  checks: Check[]
  /** Comments on constraints, foreign keys among them. */
  last: Statement[]
}

/** An index on rows of the source; those of partitioned tables and materialized views have nothing to be built from. */
export interface SourceIndex {
  schema: string
  /** Quoted, like the schema. */
  name: string
  bytes: number
  definition: string
  /** The primary key or unique constraint that can be made from it, qualified by its table. */
  constraint: string | null
  /** ` deferrable …`, as the constraint has it. */
  deferral: string
  callsApp: boolean
}

/** A primary key is built like any other index, beside those of its table, and then made the constraint's. Not so one WITHOUT OVERLAPS: it is no btree. */
export async function sourceIndexes(source: Queryable): Promise<SourceIndex[]> {
  const rows = await source.query<
    Record<'bytes' | 'definition' | 'index' | 'schema' | 'table', string> & {
      constraint: string | null
      callsApp: boolean
      deferrable: boolean
      deferred: boolean
    }
  >(`
    ${ALL_QUOTED}
    select n.nspname as schema, c.relname as table, x.relname as index, pg_relation_size(x.oid)::text as bytes,
      pg_get_indexdef(x.oid) as definition, k.conname as constraint,
      k.condeferrable as deferrable, k.condeferred as deferred,
      ${callsAppCode('pg_class', 'x.oid')} as "callsApp"
    from pg_index i
    join pg_class x on x.oid = i.indexrelid
    join pg_am am on am.oid = x.relam
    join pg_class c on c.oid = i.indrelid
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_constraint k on k.conindid = x.oid
      and k.contype in ('p', 'u') and k.conrelid = c.oid and am.amname = 'btree'
    where c.relkind = 'r'
      and ${USER_SCHEMA}
      and ${notOfExtension('pg_class', 'c.oid')}`)
  return rows.map(({schema, table, index, bytes, definition, constraint, deferrable, deferred, callsApp}) => ({
    schema: identifier(schema),
    name: identifier(index),
    bytes: Number(bytes),
    definition,
    constraint: constraint === null ? null : identifier(schema, table, constraint),
    deferral: deferrable ? ` deferrable${deferred ? ' initially deferred' : ''}` : '',
    callsApp,
  }))
}

/** Foreign keys from or to partitioned tables, each qualified by its table. */
export async function partitionedForeignKeys(source: Queryable): Promise<Set<string>> {
  const rows = await source.query<Record<'constraint' | 'schema' | 'table', string>>(`
    select n.nspname as schema, c.relname as table, k.conname as constraint
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    join pg_class far on far.oid = k.confrelid
    where k.contype = 'f' and 'p' in (c.relkind, far.relkind)`)
  return new Set(rows.map(({schema, table, constraint}) => identifier(schema, table, constraint)))
}

/**
 * Sorts the statements of pg_dump's `post-data` section. Names in it are always qualified, and quoted where need be. Materialized
 * views are filled later, when the last row is there.
 */
export function sortPostData(
  statements: readonly Statement[],
  {
    indexes,
    partitioned,
    checks,
  }: {indexes: readonly SourceIndex[]; partitioned: ReadonlySet<string>; checks: readonly Check[]},
): PostData {
  const sorted: PostData = {statistics: [], builds: new Map(), rest: [], foreignKeys: [], checks: [...checks], last: []}
  const byName = new Map(indexes.map((index) => [`${index.schema}.${index.name}`, index]))
  const byConstraint = new Map(indexes.map((index) => [index.constraint, index]))
  const built = new Map<string, Build>()

  const build = (table: string, schema: string, name: string, create: Statement, then: Statement[] = []) => {
    const index = byName.get(`${schema}.${name}`)
    if (!index) return sorted.rest.push(create)
    const made = {name, create, then, bytes: index.bytes, callsApp: index.callsApp}
    sorted.builds.set(table, [...(sorted.builds.get(table) ?? []), made])
    return built.set(`${schema}.${name}`, made)
  }

  for (const statement of statements) {
    const {words, sql} = statement
    const begins = (...expected: string[]) => expected.every((word, i) => words[i] === word)
    if (begins('REFRESH', 'MATERIALIZED', 'VIEW')) continue
    if (begins('CREATE', 'STATISTICS') || begins('ALTER', 'STATISTICS')) sorted.statistics.push(statement)
    else if (begins('COMMENT', 'ON', 'CONSTRAINT')) sorted.last.push(statement)
    else if (begins('CREATE', 'INDEX') || begins('CREATE', 'UNIQUE', 'INDEX')) {
      const on = words.indexOf('ON')
      const [schema, table] = words.slice(words[on + 1] === 'ONLY' ? on + 2 : on + 1)
      build(nameOf(schema, table), nameOf(schema), nameOf(words[on - 1]), statement)
    } else if (begins('ALTER', 'TABLE') && words.join(' ').includes(' ADD CONSTRAINT ')) {
      const [schema, name, , , constraint, kind] = words.slice(words[2] === 'ONLY' ? 3 : 2)
      const table = nameOf(schema, name)
      const qualified = nameOf(schema, name, constraint)
      const index = byConstraint.get(qualified)
      if (kind === 'FOREIGN') {
        sorted.foreignKeys.push({
          table,
          name: nameOf(constraint),
          add: statement,
          partitioned: partitioned.has(qualified),
        })
      } else if (index) {
        const type = kind === 'PRIMARY' ? 'primary key' : 'unique'
        const attach = `alter table only ${table}
          add constraint ${nameOf(constraint)} ${type} using index ${index.name}${index.deferral}`
        build(table, index.schema, index.name, {sql: index.definition, words}, [{sql: attach, words}])
      } else if (kind === 'CHECK' || kind === 'NOT') sorted.rest.push(statement)
      else build(table, nameOf(schema), nameOf(constraint), statement)
    } else if (begins('ALTER', 'INDEX') && words[4] === 'ALTER' && sql.includes('SET STATISTICS')) {
      const index = built.get(nameOf(words[2], words[3]))
      if (index) index.then.push(statement)
      else sorted.rest.push(statement)
    } else sorted.rest.push(statement)
  }
  return sorted
}

/** A name as the dump wrote it, quoted or not, as we write it. */
const nameOf = (...words: (string | undefined)[]): string =>
  words.map((word = '') => (word.startsWith('"') ? word : identifier(word))).join('.')
