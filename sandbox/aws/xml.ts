/** What an answer is made of: a list says what its items are called, as in `<DBInstances><DBInstance>…`. */
export type XmlValue = string | number | boolean | Date | undefined | XmlList | {[name: string]: XmlValue}

export interface XmlList {
  item: string
  values: XmlValue[]
}

export function list(item: string, values: XmlValue[]): XmlList {
  return {item, values}
}

/** One element; undefined leaves it out. */
export function element(name: string, value: XmlValue): string {
  if (value === undefined) return ''
  return `<${name}>${content(value)}</${name}>`
}

function content(value: Exclude<XmlValue, undefined>): string {
  if (value instanceof Date) return value.toISOString()
  if (typeof value !== 'object') return escape(String(value))
  if (isList(value)) return value.values.map((item) => element(value.item, item)).join('')
  return Object.entries(value)
    .map(([name, child]) => element(name, child))
    .join('')
}

function isList(value: object): value is XmlList {
  return 'item' in value && 'values' in value && Array.isArray(value.values)
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
