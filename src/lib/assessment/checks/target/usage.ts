import {identifier, notOfExtension, USER_SCHEMA} from '../../../postgres/catalog.js'
import type {Check} from '../../check.js'
import {AS_OWNER} from '../as-owner.js'

interface Used {
  kind: 'foreign data wrapper' | 'language'
  name: string
}

const usage: Check = {
  id: 'target-usage',
  question: 'Can the role of the target use every foreign-data wrapper and language that the copy needs?',
  level: 'blocker',
  example: {
    on: 'target',
    superuser: true,
    otherSide: 'create extension postgres_fdw; create server far foreign data wrapper postgres_fdw',
    sql: 'create extension postgres_fdw',
  },

  async inspect({source, target}) {
    if (!target) return []
    const used = await source.query<Used>(`
      select distinct 'foreign data wrapper' as kind, w.fdwname as name
      from pg_foreign_server s
      join pg_foreign_data_wrapper w on w.oid = s.srvfdw
      union
      select 'language', l.lanname
      from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
      join pg_language l on l.oid = p.prolang
      where l.lanpltrusted
        and ${USER_SCHEMA}
        and ${notOfExtension('pg_proc', 'p.oid')}
      order by 1, 2`)
    const named = (kind: Used['kind']) => used.filter((one) => one.kind === kind).map(({name}) => name)
    const refused = await target.query<Used & {role: string}>(
      `select 'foreign data wrapper' as kind, fdwname as name, quote_ident(current_user) as role
       from pg_foreign_data_wrapper
       where fdwname = any ($1)
         and not has_foreign_data_wrapper_privilege(oid, 'USAGE')
       union all
       select 'language', lanname, quote_ident(current_user)
       from pg_language
       where lanname = any ($2)
         and not has_language_privilege(oid, 'USAGE')
       order by 1, 2`,
      [named('foreign data wrapper'), named('language')],
    )
    return refused.map(({kind, name, role}) => ({
      what: `${role} cannot use ${kind} ${name} on the target, which the copy creates objects with`,
      remedy: 'grant usage on it, as the master user of the target',
      fix: `grant usage on ${kind} ${identifier(name)} to ${role}`,
      runBy: 'target-master' as const,
    }))
  },
}

const schemas: Check = {
  id: 'target-schemas',
  question: 'Can the role of the target create objects in every schema that exists there already?',
  level: 'blocker',
  example: {
    on: 'target',
    master: true,
    otherSide: `${AS_OWNER}; create schema ledger; create table ledger.lines (id int primary key)`,
    sql: 'create schema ledger',
  },

  async inspect({source, target}) {
    if (!target) return []
    // public and heroku_ext are in every source; only what is in them has to be created
    const used = await source.query<{name: string}>(`
      select n.nspname as name
      from pg_namespace n
      where ${USER_SCHEMA}
        and exists (
          select from pg_depend d
          where d.refclassid = 'pg_namespace'::regclass
            and d.refobjid = n.oid
            and d.deptype = 'n'
            and d.classid <> 'pg_extension'::regclass
            and not exists (
              select from pg_depend e
              where e.classid = d.classid and e.objid = d.objid and e.deptype = 'e'))`)
    const closed = await target.query<{schema: string; role: string}>(
      `select quote_ident(nspname) as schema, quote_ident(current_user) as role
       from pg_namespace
       where nspname = any ($1)
         and not (has_schema_privilege(oid, 'USAGE') and has_schema_privilege(oid, 'CREATE'))
       order by 1`,
      [used.map(({name}) => name)],
    )
    return closed.map(({schema, role}) => ({
      what: `${role} cannot create objects in schema ${schema}, which the target has already`,
      remedy: 'grant usage and create on it, as its owner or the master user of the target',
      fix: `grant usage, create on schema ${schema} to ${role}`,
      runBy: 'target-master' as const,
    }))
  },
}

const collations: Check = {
  id: 'target-collations',
  question: 'Does the target have every collation that the source uses?',
  level: 'blocker',
  example: {
    on: 'source',
    superuser: true,
    sql: `create collation pg_catalog.here_only (provider = icu, locale = 'de');
      ${AS_OWNER};
      create table public.sorted (word text collate pg_catalog.here_only)`,
    cure: 'alter table public.sorted alter word type text collate "de-x-icu"',
  },

  async inspect({source, target}) {
    if (!target) return []
    const used = await source.query<{name: string; where: string}>(`
      select o.collname as name, min(pg_describe_object(d.classid, d.objid, d.objsubid)) as where
      from pg_collation o
      join pg_depend d on d.refclassid = 'pg_collation'::regclass and d.refobjid = o.oid
      where o.collnamespace = 'pg_catalog'::regnamespace
        and not exists (
          select from pg_depend e
          where e.classid = d.classid and e.objid = d.objid and e.deptype = 'e')
      group by 1
      order by 1`)
    const there = await target.query<{name: string}>(
      `select collname as name
       from pg_collation
       where collname = any ($1)
         and collnamespace = 'pg_catalog'::regnamespace
         and collencoding in (-1, pg_char_to_encoding(getdatabaseencoding()))`,
      [used.map(({name}) => name)],
    )
    return used
      .filter(({name}) => !there.some((one) => one.name === name))
      .map(({name, where}) => ({
        what: `the target has no collation ${identifier(name)}, which ${where} uses`,
        remedy: 'give the columns that use it a collation that both have, such as an ICU collation, with alter table',
      }))
  },
}

export default [usage, schemas, collations] satisfies Check[]
