import type {ApiAnswer} from './routes.js'

const DEFAULT_MAX = 200

/**
 * A page of a list, as asked for by a header such as `Range: version ]5..; max=10, order=desc`. 206 with Next-Range
 * when there is more. A range starts at its first bound in the order asked for; `]` leaves the bound itself out.
 */
export function page<T>(
  header: string | undefined,
  field: string,
  items: T[],
  key: (item: T) => number,
): ApiAnswer & {body: T[]} {
  const options = header ?? ''
  const descending = /order=desc/.test(options)
  const max = Number(/max=(\d+)/.exec(options)?.[1] ?? DEFAULT_MAX)
  const [, exclusive, bound] = new RegExp(`^${field} (\\]?)(\\d+)?\\.\\.`).exec(options) ?? []
  const sign = descending ? -1 : 1
  const inRange = (item: T) => {
    const distance = bound === undefined ? 1 : (key(item) - Number(bound)) * sign
    return exclusive ? distance > 0 : distance >= 0
  }
  const sorted = [...items].sort((a, b) => (key(a) - key(b)) * sign).filter(inRange)
  const body = sorted.slice(0, max)
  const last = body.at(-1)
  const headers: Record<string, string> = {'Accept-Ranges': field}
  if (last !== undefined) headers['Content-Range'] = `${field} ${key(body[0]!)}..${key(last)}`
  if (last === undefined || sorted.length <= max) return {status: 200, body, headers}
  headers['Next-Range'] = `${field} ]${key(last)}..; max=${max}, order=${descending ? 'desc' : 'asc'}`
  return {status: 206, body, headers}
}
