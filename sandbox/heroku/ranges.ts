import {badRange} from './errors.js'
import type {ApiAnswer} from './routes.js'

const DEFAULT_MAX = 200
const LARGEST_MAX = 1000

type Item = Record<string, unknown>
type Key = number | string

/** What a list can be ordered by, its default first (Platform API reference, "Acceptable order values"). */
const FIELDS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(\/users\/[^/]+)?\/apps$/, ['id', 'name', 'updated_at']],
  [/\/releases$/, ['id', 'version']],
  [/\/formation$/, ['id', 'type']],
  [/\/(addons|dynos|features)$/, ['id', 'name']],
  [/^\/teams\/[^/]+\/members$/, ['email']],
  [/^/, ['id']],
]

const HEADER = /^(\w+) +(\]?)(.*?)\.\.(.*?) *(?:;(.*))?$/

/**
 * A page of a list, as asked for by a header such as `Range: version ]5..; max=10, order=desc`. 206 with Next-Range
 * when there is more. A range starts at its first bound in the order asked for; `]` leaves the bound itself out. Without
 * a header: the first 200, by id. More than 1000 cannot be had: what is asked for beyond is on the next page.
 */
export function page(path: string, header: string | undefined, list: readonly Item[]): ApiAnswer {
  const fields = FIELDS.find(([pattern]) => pattern.test(path))![1]
  if (list.some((item) => !isKey(item[fields[0]!]))) return {body: list}
  const {field, after, from, to, max, descending} = parse(header || `${fields[0]} ..`, fields)
  const key = (item: Item) => item[field] as Key
  const order = (a: Key, b: Key) => (descending ? compare(b, a) : compare(a, b))
  const bound = (text: string) => (typeof list[0]?.[field] === 'number' ? numeric(text) : text)
  const inRange = (item: Item) =>
    (from === '' || order(key(item), bound(from)) >= (after ? 1 : 0)) && (to === '' || order(key(item), bound(to)) <= 0)
  const found = list.filter(inRange).sort((a, b) => order(key(a), key(b)))
  const body = found.slice(0, max)
  const headers: Record<string, string> = {'Accept-Ranges': fields.join(', ')}
  const last = body.at(-1)
  if (last) headers['Content-Range'] = `${field} ${key(body[0]!)}..${key(last)}; max=${max}`
  if (!last || body.length === found.length) return {status: 200, body, headers}
  headers['Next-Range'] = `${field} ]${key(last)}..; max=${max}${descending ? ', order=desc' : ''}`
  return {status: 206, body, headers}
}

function parse(header: string, fields: readonly string[]) {
  const [, field = '', exclusive, from = '', to = '', options = ''] = HEADER.exec(header.trim()) ?? []
  if (!fields.includes(field)) throw badRange()
  const max = Number(/\bmax=(\d+)/.exec(options)?.[1] ?? DEFAULT_MAX)
  if (max < 1) throw badRange()
  const descending = /\border=desc\b/.test(options)
  return {field, after: exclusive === ']', from, to, max: Math.min(max, LARGEST_MAX), descending}
}

function numeric(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value)) throw badRange()
  return value
}

const isKey = (value: unknown): value is Key => typeof value === 'string' || typeof value === 'number'
const compare = (a: Key, b: Key) => (a < b ? -1 : Number(a > b))
