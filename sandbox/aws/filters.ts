import {isEngine} from './engine-versions.js'
import {invalidValue} from './errors.js'

/** The items that pass all filters of a request; each filter says which attribute it looks at. */
export function filtered<T>(
  items: T[],
  parameters: URLSearchParams,
  attributes: Record<string, (item: T) => string | undefined>,
): T[] {
  let found = items
  for (let n = 1; parameters.has(`Filters.Filter.${n}.Name`); n++) {
    const name = parameters.get(`Filters.Filter.${n}.Name`)!
    const attribute = attributes[name]
    if (!attribute) throw invalidValue(`Unrecognized filter name: ${name}`)
    const values: string[] = []
    for (let v = 1; parameters.has(`Filters.Filter.${n}.Values.Value.${v}`); v++) {
      values.push(parameters.get(`Filters.Filter.${n}.Values.Value.${v}`)!.toLowerCase())
    }

    for (const value of name === 'engine' ? values : []) assertEngine(value)
    found = found.filter((item) => values.includes(attribute(item) ?? ''))
  }

  return found
}

export function assertEngine(engine: string): void {
  if (!isEngine(engine)) throw invalidValue(`Unrecognized engine name: ${engine}`)
}
