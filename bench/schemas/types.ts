import type pg from 'pg'

/** A type as the catalogs tell it; domains, arrays, ranges and composites rest on others. */
export interface Type {
  oid: string
  name: string
  kind: 'b' | 'c' | 'd' | 'e' | 'm' | 'p' | 'r'
  /** Of the elements of an array; 0 for a type that is none. */
  element: string
  /** What a domain rests on, and with which modifier. */
  base: string
  modifier: number
  labels: string[] | null
  /** Of the bounds of a range; of the ranges of a multirange. */
  subtype: string | null
  attributes: {type: string; modifier: number}[] | null
  /** Conditions of a domain. */
  checks: {name: string; definition: string}[] | null
}

export type Types = ReadonlyMap<string, Type>

export async function readTypes(client: pg.Client): Promise<Types> {
  const {rows} = await client.query<Type>(`
    select t.oid::text, t.typname as name, t.typtype as kind,
      case when t.typcategory = 'A' then t.typelem else 0 end::text as element,
      t.typbasetype::text as base, t.typtypmod as modifier,
      (select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as labels,
      coalesce(
        (select r.rngsubtype::text from pg_range r where r.rngtypid = t.oid),
        (select to_jsonb(r) ->> 'rngtypid' from pg_range r where to_jsonb(r) ->> 'rngmultitypid' = t.oid::text)) as subtype,
      (select jsonb_agg(jsonb_build_object('type', a.atttypid::text, 'modifier', a.atttypmod) order by a.attnum)
       from pg_attribute a
       where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) as attributes,
      (select jsonb_agg(jsonb_build_object('name', c.conname, 'definition', pg_get_constraintdef(c.oid)))
       from pg_constraint c
       where c.contypid = t.oid) as checks
    from pg_type t`)
  return new Map(rows.map((type) => [type.oid, type]))
}
