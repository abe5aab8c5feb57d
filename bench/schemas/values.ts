import {randomBytes, randomInt} from 'node:crypto'

import {literalsOf} from './catalog.js'
import type {Type, Types} from './types.js'

/** How a value is wanted. */
export interface Wanted {
  types: Types
  modifier: number
  /** One that hardly comes twice. */
  unique: boolean
}

/** A random value of a type, as its input function reads it; null where nothing is known of the type. */
export function valueOf(type: Type, wanted: Wanted): string | null {
  const {types} = wanted
  const other = (oid: string | null, modifier = -1) => {
    const found = types.get(oid ?? '0')
    return found ? valueOf(found, {...wanted, modifier}) : null
  }
  if (type.kind === 'd') {
    const literals = (type.checks ?? []).flatMap(({definition}) => literalsOf(definition))
    return literals.length > 0 && chance(0.5) ? pick(literals) : other(type.base, type.modifier)
  }
  if (type.kind === 'e') return type.labels ? pick(type.labels) : null
  if (type.kind === 'r') return rangeOf(() => other(type.subtype))
  if (type.kind === 'm') return `{${other(type.subtype) ?? ''}}`
  if (type.kind === 'c')
    return `(${(type.attributes ?? []).map((one) => quoted(other(one.type, one.modifier), '')).join()})`
  if (type.element !== '0') {
    const elements = Array.from({length: randomInt(4)}, () => quoted(other(type.element, wanted.modifier), 'NULL'))
    return `{${elements.join()}}`
  }
  const make = MAKERS[type.name]
  return make ? make(wanted) : null
}

export const pick = <T>(from: readonly T[]): T => from[randomInt(from.length)]!
export const chance = (share: number): boolean => Math.random() < share

/** Within an array or a row. */
const quoted = (value: string | null, missing: string): string =>
  value === null ? missing : `"${value.replace(/["\\]/g, '\\$&')}"`

function rangeOf(bound: () => string | null): string {
  if (chance(0.1)) return 'empty'
  const [a, b] = [bound(), bound()]
  if (a === null || b === null) return '(,)'
  const sorted = [a, b].sort((one, two) => (isNaN(Number(one)) ? (one < two ? -1 : 1) : Number(one) - Number(two)))
  return `[${quoted(chance(0.1) ? null : sorted[0]!, '')},${quoted(sorted[1]!, '')})`
}

const hex = (length: number) =>
  randomBytes(Math.ceil(length / 2))
    .toString('hex')
    .slice(0, length)
const digits = (length: number) => String(randomInt(10 ** Math.min(length, 12)))
const bits = (length: number) => Array.from({length}, () => randomInt(2)).join('')
const byte = () => randomInt(256)
const point = () => `(${randomInt(-90, 90)},${randomInt(-900, 900) / 10})`
const day = () => new Date(Date.UTC(2000, 0, 1) + randomInt(10_000) * 86_400_000).toISOString().slice(0, 10)
const time = () => `${randomInt(24)}:${randomInt(60)}:${randomInt(60)}.${digits(6)}`
const uuid = () => hex(32).replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5')

/** Small as a rule, so that conditions hold and values come twice. */
const integer =
  (most: number) =>
  ({unique}: Wanted): string =>
    String(unique ? randomInt(1, most) : chance(0.7) ? randomInt(6) : randomInt(-100, Math.min(most, 100_000)))

function numeric({modifier, unique}: Wanted): string {
  const [precision, scale] = modifier < 4 ? [12, 4] : [((modifier - 4) >> 16) & 0xffff, (modifier - 4) & 0x7ff]
  const whole = Math.max(0, Math.min(precision - scale, unique ? 9 : 3))
  const number = `${whole === 0 ? 0 : randomInt(10 ** whole)}`
  return `${chance(0.1) ? '-' : ''}${number}${scale > 0 && scale <= precision ? `.${digits(Math.min(scale, 6))}` : ''}`
}

const TEXTS: (() => string)[] = [
  () => `a${hex(7)}`,
  () => `Ärger & "Quotes", it's a \\ and\ta\nnew line ${hex(6)} 日本`,
  () => hex(6).toUpperCase(),
  () => `${hex(8)}@example.com`,
  () => `https://example.com/${hex(8)}`,
  () => digits(6),
  () => hex(40),
  () => hex(32),
  () => hex(64),
  () => day(),
  () => `10.0.${byte()}.${byte()}`,
  () => pick(['en', 'de', 'USD', 'EUR', 'US', 'DE']),
  () => `${hex(3)}-${hex(4)}`,
  () => uuid(),
  () => `${randomInt(9)}.${randomInt(9)}.${randomInt(9)}`,
  () => `0x${hex(40)}`,
  () => `0x${hex(64)}`,
  () => '',
  () => randomBytes(1900).toString('base64'),
]

function text({modifier, unique}: Wanted): string {
  const made = unique || chance(0.5) ? `${pick(TEXTS.slice(0, 8))()}` : pick(TEXTS)()
  return modifier < 4 ? made : [...made].slice(0, modifier - 4).join('')
}

const json = () =>
  chance(0.2) ? '{}' : JSON.stringify({id: randomInt(1000), name: TEXTS[1]!(), list: [1, null, {deep: true}]})

const MAKERS: Record<string, (wanted: Wanted) => string> = {
  bool: () => pick(['true', 'false']),
  int2: integer(32_767),
  int4: integer(2_147_483_647),
  int8: integer(2 ** 47),
  oid: integer(2_147_483_647),
  xid: integer(2_147_483_647),
  cid: integer(2_147_483_647),
  numeric,
  float4: () => String(pick([0, -1.5, 1e-20, Math.random() * 1000])),
  float8: () => String(pick([0, -1.5, 1e-200, Math.random() * 1000])),
  money: () => `${randomInt(1000)}.${randomInt(10, 99)}`,
  text,
  varchar: text,
  bpchar: text,
  citext: text,
  name: ({unique}) => text({types: new Map(), modifier: 64, unique}),
  char: () => pick(['a', 'B', '1']),
  bytea: () => `\\x${hex(2 * pick([0, 16, 20, 32, 64, randomInt(64)]))}`,
  date: day,
  time,
  timetz: () => `${time()}+02`,
  timestamp: () => `${day()} ${time()}`,
  timestamptz: () => `${day()} ${time()}+00`,
  interval: () => `${randomInt(40)} days ${randomInt(24)} hours`,
  uuid,
  json,
  jsonb: json,
  jsonpath: () => '$.a[*]',
  xml: () => `<a b="${hex(4)}">text</a>`,
  inet: () => `10.${byte()}.${byte()}.${byte()}`,
  cidr: () => `10.${byte()}.${byte()}.0/24`,
  macaddr: () => hex(12),
  macaddr8: () => hex(16),
  bit: ({modifier}) => bits(Math.max(1, modifier)),
  varbit: ({modifier}) => bits(modifier < 0 ? 8 : randomInt(modifier + 1)),
  point,
  line: () => `{1,${randomInt(9)},${randomInt(9)}}`,
  lseg: () => `[${point()},${point()}]`,
  box: () => `(${point()},${point()})`,
  path: () => `(${point()},${point()},${point()})`,
  polygon: () => `(${point()},${point()},${point()})`,
  circle: () => `<${point()},${randomInt(9)}>`,
  tsvector: () => `'a${hex(3)}':1 'cat':2`,
  tsquery: () => `'a${hex(3)}' & 'cat'`,
  pg_lsn: () => `${hex(2)}/${hex(6)}`,
  txid_snapshot: () => '10:20:10,14',
  pg_snapshot: () => '10:20:10,14',
  tid: () => `(${randomInt(9)},${randomInt(1, 9)})`,
  int2vector: () => '1 2 3',
  oidvector: () => '1 2 3',
  regclass: () => 'pg_class',
  regtype: () => 'int4',
  regproc: () => 'now',
  hstore: () => `"a"=>"${hex(4)}", "b"=>NULL`,
  ltree: () => `top.a${hex(3)}`,
  lquery: () => 'top.*',
  cube: () => `(${randomInt(9)},${randomInt(9)})`,
  isbn: () => '0-393-04002-X',
  query_int: () => '1 & 2',
}
