import {expectedCopy} from '../../copy/estimate.js'
import {capacityOf} from '../../postgres/capacity.js'
import {notOfExtension, USER_SCHEMA} from '../../postgres/catalog.js'
import type {Copy, Distance, SourceFacts} from '../../ports/assessment.js'
import {ifKnown} from '../../ports/fact.js'
import type {Database, Queryable} from '../../ports/ports.js'
import {longerTrip} from './distance.js'

/** Jobs where no target is named that tells how many it can do. */
const USUAL_JOBS = 2

interface Known {
  source: Database
  target: Database | undefined
  distance: Distance
  sourceFacts: SourceFacts
}

/** How long a copy is expected to take from here. */
export async function expectedFrom({source, target, distance, sourceFacts}: Known): Promise<Copy> {
  const [sent, capacity] = await Promise.all([
    sentBytesOf(source),
    target ? capacityOf({from: source, to: target}) : {jobs: USUAL_JOBS},
  ])
  const rates = [distance.source, distance.target].flatMap((line) => (line && ifKnown(line)) ?? [])
  const {bytes, indexBytes, largest, tables} = sourceFacts
  return expectedCopy(
    {
      sent,
      rows: Number(bytes) - Number(indexBytes),
      indexes: Number(indexBytes),
      largestIndexes: largest[0]?.indexBytes ?? 0,
    },
    {
      bytesPerSecond: rates.length === 0 ? null : Math.min(...rates.map(({bytesPerSecond}) => bytesPerSecond)),
      roundTripSeconds: longerTrip(distance),
      tables,
      jobs: capacity.jobs,
    },
  )
}

/** Tables whose rows are looked at, and bytes of each, of which its TOAST takes its share. */
const TABLES = 10
const SAMPLE_BYTES = 4 * 1024 ** 2

/**
 * How many bytes a COPY of all rows sends, estimated by some pages of the ten largest tables: a row takes more on disk than on its way,
 * and a compressed value less. Other tables are taken for as wide as those.
 */
async function sentBytesOf(source: Queryable): Promise<number> {
  const row = await source.queryOne<{bytes: string | null}>(`
    with tables as (
      select c.oid,
        format('%I.%I', n.nspname, c.relname) as name,
        pg_table_size(c.oid) as bytes,
        pg_relation_size(c.oid) / current_setting('block_size')::int as pages
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r'
        and ${USER_SCHEMA}
        and ${notOfExtension('pg_class', 'c.oid')}),
    largest as (
      select t.*,
        -- a row is the number of its fields and, of each, the length and what a client would be sent
        (select string_agg(
           format('4 + coalesce(octet_length(%s), 0)',
             case y.typsend::oid when 0 then format('%I::text', a.attname)
               else format('%s(%I)', y.typsend, a.attname) end), ' + ')
         from pg_attribute a
         join pg_type y on y.oid = a.atttypid
         where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as width
      from tables t
      where t.pages > 0
      order by t.bytes desc
      limit ${TABLES}),
    sampled as (
      select t.bytes,
        t.pages * coalesce(
          (xpath('/row/width/text()', query_to_xml(t.sample, false, true, '')))[1]::text::numeric, 0) as sent
      from (
        select l.*,
          format(
            'select sum(2 + %s) / count(distinct (ctid::text::point)[0]) as width from only %s tablesample system (%s)',
            coalesce(width, '0'), name, least(100, 100.0 * ${SAMPLE_BYTES} / bytes)) as sample
        from largest l) t)
    select round(sum(sent) * coalesce((select sum(bytes) from tables) / nullif(sum(bytes), 0), 1))::text as bytes
    from sampled`)
  return Number(row.bytes ?? 0)
}
