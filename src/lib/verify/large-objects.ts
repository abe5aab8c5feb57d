import type {Database, Queryable} from '../ports/ports.js'

const AT_ONCE = 500
const PIECE_BYTES = 1024 ** 2

interface Digest {
  oid: string
  digest: string
}

/** Length and contents of a run of large objects, in pieces: one may be longer than a value can be. */
const digestsAfter = (db: Queryable, last: string): Promise<Digest[]> =>
  db.query<Digest>(
    `select l.oid::text as oid, (
       select concat(size, ' ', md5(string_agg(md5(lo_get(l.oid, at, ${PIECE_BYTES})), '' order by at)))
       from lo_lseek64(lo_open(l.oid, 262144), 0, 2) size, generate_series(0, size, ${PIECE_BYTES}) at
       group by size) as digest
     from (select oid from pg_largeobject_metadata where oid > $1 order by oid limit ${AT_ONCE}) l order by l.oid`,
    [last],
  )

/** Large objects that differ between both sides, in words. Only meaningful while nobody writes. */
export async function compareLargeObjects({
  from,
  to,
}: {
  from: Database
  to: Database
}): Promise<{objects: number; differences: string[]}> {
  const [here, there] = await Promise.all([allDigests(from), allDigests(to)])
  const differences = [...here].flatMap(([oid, digest]) => {
    if (!there.has(oid)) return [`large object ${oid} is missing on the ${to.side}`]
    return there.get(oid) === digest ? [] : [`large object ${oid} has different contents`]
  })
  const extra = [...there.keys()].filter((oid) => !here.has(oid))
  return {
    objects: here.size,
    differences: [...differences, ...extra.map((oid) => `large object ${oid} is only on the ${to.side}`)],
  }
}

async function allDigests(db: Queryable): Promise<Map<string, string>> {
  const all = new Map<string, string>()
  for (let last = '0'; ;) {
    const some = await digestsAfter(db, last)
    for (const {oid, digest} of some) all.set(oid, digest)
    if (some.length < AT_ONCE) return all
    last = some.at(-1)!.oid
  }
}
