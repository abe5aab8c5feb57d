import type {Queryable} from '../../../ports/ports.js'
import type {Found} from '../../../ports/assessment.js'
import {appSearchPath} from '../../../postgres/app-search-path.js'
import type {Check, Subject} from '../../check.js'
import {recommendedMajor} from '../../destination/destination.js'
import {namesIn, queriesIn} from '../../search-path/bare-names.js'
import {builds, labelOf, viewsWithQueries} from '../../search-path/builds.js'
import {functionsThatSearch, namesBySearch, schemasIn} from '../../search-path/search.js'
import {PINNED_PATH, triedUnder} from '../../search-path/trial.js'
import {NAME, RELATIONS} from './relations.js'

/** From here on CREATE INDEX, ANALYZE, REFRESH MATERIALIZED VIEW and their like run with a search_path of their own. */
const PINS = 17

/** The major that builds; undefined where it takes the search_path of the session. */
function pinning({targetFacts, sourceFacts, offers, now}: Subject): number | undefined {
  const major = targetFacts?.major ?? recommendedMajor({source: sourceFacts, offers, now})
  return major >= PINS ? major : undefined
}

const remedy = 'give it a search_path of its own; a function in SQL is no longer inlined then, which can slow queries'

const functions: Check = {
  id: 'functions-by-search-path',
  question: 'Do indexes, statistics or materialized views call functions that find names by search_path?',
  level: 'blocker',
  example: {
    on: 'source',
    sql: `create extension unaccent schema public;
      create function public.helper(text) returns text language sql immutable as 'select upper($1)';
      create function public.normalise(text) returns text language plpgsql immutable as 'begin return helper($1); end';
      create function public.plain(text) returns text language sql immutable
        as $$ select public.unaccent('unaccent', $1) $$;
      create function public.same(heroku_ext.citext) returns boolean language sql immutable as $$ select $1 = 'JOE' $$;
      create table public.people (id int primary key, name text, login heroku_ext.citext);
      insert into public.people values (1, 'Zoë', 'Joe');
      create index people_plain on public.people (public.plain(name));
      create index people_joe on public.people (id) where public.same(login);
      create materialized view public.shout as select id, public.normalise(name) from public.people`,
  },

  async inspect(subject) {
    const {source} = subject
    const major = pinning(subject)
    const found = major === undefined ? [] : await builds(source, 'built')
    if (found.length === 0) return []
    const path = await appSearchPath(source)
    const searching = await functionsThatSearch(source, found, schemasIn(path))
    const cure = (name: string): string => `alter function ${name} set search_path = ${path}`
    const read = searching.map(({routine, names, builds}): Found => ({
      what: `function ${routine.name} finds ${names.join(', ')} by search_path; Postgres ${major} builds ${builds.join(', ')} with search_path = ${PINNED_PATH}`,
      remedy,
      fix: cure(routine.name),
    }))
    const explained = new Set(searching.flatMap((one) => one.builds))
    const tried: Found[] = []
    for (const build of found) {
      const names = build.routines.filter(({settled}) => !settled).map(({name}) => name)
      if (names.length === 0 || explained.has(labelOf(build))) continue
      const how = await triedUnder(source, path, build)
      if (how === undefined) continue
      tried.push({
        what: `${labelOf(build)} calls ${names.join(', ')}, which needs the search_path of the database; Postgres ${major} builds it with search_path = ${PINNED_PATH}: ${how}`,
        remedy,
        fix: names.map(cure).join('; '),
      })
    }
    return [...read, ...tried]
  },
}

const ofRows: Check = {
  id: 'functions-by-search-path-for-subscriptions',
  question: 'Do checks, generated columns, domains or indexes call functions that find names by search_path?',
  level: 'warning',
  hinders: ['subscription'],
  example: {
    on: 'source',
    sql: `create function public.upper_half(text) returns text language sql immutable as 'select upper($1)';
      create function public.loud(text) returns text language plpgsql immutable
        as 'begin return upper_half($1); end';
      create table public.signs (id int primary key, word text check (public.loud(word) <> ''))`,
  },

  async inspect({source}) {
    const found = await builds(source, 'written')
    if (found.length === 0) return []
    const path = await appSearchPath(source)
    const searching = await functionsThatSearch(source, found, schemasIn(path))
    return searching.map(({routine, names, builds}): Found => ({
      what: `function ${routine.name} finds ${names.join(', ')} by search_path, which a subscription leaves empty; ${builds.join(', ')} calls it for every row`,
      remedy,
      fix: `alter function ${routine.name} set search_path = ${path}`,
    }))
  },
}

const queries: Check = {
  id: 'queries-by-search-path',
  question: 'Do materialized views run queries from strings (ts_stat) that find tables by search_path?',
  level: 'blocker',
  example: {
    on: 'source',
    sql: `create table public.texts (id int primary key, body tsvector);
      create materialized view public.word_list as select word from ts_stat('select body from public.texts');
      set search_path = public;
      create materialized view public.bare_list as select word from ts_stat('select body from texts')`,
    cure: `drop materialized view public.bare_list;
      create materialized view public.bare_list as select word from ts_stat('select body from public.texts')`,
  },

  async inspect(subject) {
    const {source} = subject
    const major = pinning(subject)
    const views = major === undefined ? [] : await viewsWithQueries(source)
    if (views.length === 0) return []
    const queries = views.flatMap(({name, definition}) => queriesIn(definition).map((query) => ({name, query})))
    const missing = await namesBySearch(
      source,
      queries.map(({query}) => namesIn(query)),
      schemasIn(await appSearchPath(source)),
    )
    return queries.flatMap(({name}, i) =>
      missing[i]!.length === 0
        ? []
        : [
            {
              what: `materialized view ${name} finds ${missing[i]!.join(', ')} by search_path in a query from a string; Postgres ${major} refreshes it with search_path = ${PINNED_PATH}`,
              remedy: 'create it again with the schema in that query, and with its indexes',
            },
          ],
    )
  },
}

/** The search_path that the app's sessions begin with, as it is written, and what `alter` has to name to change it. */
const searchPathSetting = (source: Queryable): Promise<{value: string; place: string}> =>
  source.queryOne<{value: string; place: string}>(`
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

const ownSchema: Check = {
  id: 'user-schema',
  question: `Does "$user" in search_path lead to a schema that is called like the role?`,
  level: 'warning',
  example: {
    on: 'source',
    sql: `do $$ begin
      execute format('create schema %I', current_user);
      execute format('create table %I.orders (id int primary key)', current_user);
    end $$`,
  },

  async inspect({source, target}) {
    const [schema] = await source.query<{name: string; quoted: string; one: string}>(`
      select n.nspname as name, quote_ident(n.nspname) as quoted, min(${NAME}) as one
      from ${RELATIONS}
      where n.nspname = current_user
      group by 1, 2`)
    const {value, place} = await searchPathSetting(source)
    if (!value.includes('$user')) return []
    const there = await target?.queryOne<{role: string}>('select current_user as role')
    if (!schema || there?.role === schema.name) return []
    return [
      {
        what: `"$user" in the search_path of ${place} finds ${schema.one} for the role ${schema.name}; the role of RDS has another name`,
        remedy: 'name the schema in the search_path, which is copied to RDS; sessions that begin afterwards have it',
        fix: `alter ${place} set search_path = ${value.replace(/"?\$user"?/, schema.quoted)}`,
      },
    ]
  },
}

export default [functions, ofRows, queries, ownSchema] satisfies Check[]
