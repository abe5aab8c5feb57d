import {createRequire} from 'node:module'
import ts from 'typescript'

const FILE = createRequire(import.meta.url).resolve('@heroku-cli/schema/lib/index.d.ts')

/** The kinds of value that a field can have, as `typeof` calls them, and `null`, `array`, or a literal such as `"up"`. */
interface Shape {
  kinds: Set<string>
  /** Of objects; undefined where the types say nothing about their fields. */
  fields?: Map<string, Shape>
  items?: Shape
}

/** The interfaces of @heroku-cli/schema, to compare answers with: every field is there, of its kind, and no other. */
export class HerokuTypes {
  readonly #checker: ts.TypeChecker
  readonly #interfaces: Map<string, ts.Type>

  constructor() {
    const program = ts.createProgram([FILE], {strict: true, noLib: true, types: []})
    this.#checker = program.getTypeChecker()
    const declared = program.getSourceFile(FILE)!.statements.filter(ts.isInterfaceDeclaration)
    this.#interfaces = new Map(declared.map((node) => [node.name.text, this.#checker.getTypeAtLocation(node)]))
  }

  /**
   * What is wrong with an answer: fields that are missing, of another kind or in no type. `more` are the kinds of fields
   * that the API's schema.json has and these types have not, by their path: `{'Account.sms.id': 'string | null'}`.
   */
  faults(name: string, answer: unknown, more: Readonly<Record<string, string>> = {}): string[] {
    const type = this.#interfaces.get(name)
    if (!type) throw new Error(`@heroku-cli/schema has no ${name}`)
    return [...compare(extended(this.#shape(type), name, more), answer, name)]
  }

  #shape(type: ts.Type): Shape {
    const parts = type.isUnion() ? type.types : [type]
    const shapes = parts.filter((part) => !(part.flags & ts.TypeFlags.Undefined)).map((part) => this.#part(part))
    const fields = shapes.find((shape) => shape.fields)?.fields
    const items = shapes.find((shape) => shape.items)?.items
    return {
      kinds: new Set(shapes.flatMap(({kinds}) => [...kinds])),
      ...(fields ? {fields} : {}),
      ...(items ? {items} : {}),
    }
  }

  #part(type: ts.Type): Shape {
    if (type.isStringLiteral()) return {kinds: new Set([JSON.stringify(type.value)])}
    if (type.flags & ts.TypeFlags.Null) return {kinds: new Set(['null'])}
    if (type.flags & ts.TypeFlags.BooleanLike) return {kinds: new Set(['boolean'])}
    if (type.flags & ts.TypeFlags.StringLike) return {kinds: new Set(['string'])}
    if (type.flags & ts.TypeFlags.NumberLike) return {kinds: new Set(['number'])}
    if (!(type.flags & ts.TypeFlags.Object)) return {kinds: new Set(['any'])}
    const [node] = type.symbol.declarations ?? []
    const properties = this.#checker.getPropertiesOfType(type)
    if (node && ts.isInterfaceDeclaration(node) && properties.length === 0) return {kinds: new Set(['object'])}
    const fields = properties.map((property): [string, Shape] => [property.name, this.#property(property)])
    return {kinds: new Set(['object']), ...(fields.length > 0 ? {fields: new Map(fields)} : {})}
  }

  /** Read from the declaration: without a library, the checker knows no arrays. */
  #property(property: ts.Symbol): Shape {
    const node = property.valueDeclaration
    const type = node && ts.isPropertySignature(node) ? node.type : undefined
    if (type && ts.isArrayTypeNode(type)) {
      return {kinds: new Set(['array']), items: this.#shape(this.#checker.getTypeFromTypeNode(type.elementType))}
    }
    return this.#shape(this.#checker.getTypeOfSymbol(property))
  }
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

/** The shape with the fields that `more` has for it and for what is inside it. */
function extended(shape: Shape, path: string, more: Readonly<Record<string, string>>): Shape {
  const inside = Object.entries(more).filter(([field]) => field.startsWith(`${path}.`))
  const own = inside.filter(([field]) => !field.slice(path.length + 1).includes('.'))
  if (inside.length === 0) return shape
  const added = own.map(([field, kinds]): [string, Shape] => [
    field.slice(path.length + 1),
    {kinds: new Set(kinds.split(' | '))},
  ])
  const all = [...(shape.fields ?? []), ...added]
  return {...shape, fields: new Map(all.map(([name, inner]) => [name, extended(inner, `${path}.${name}`, more)]))}
}

function* compare(shape: Shape, value: unknown, path: string): Generator<string> {
  if (!hasKind(shape.kinds, value)) yield `${path} is ${kindOf(value)}, not ${[...shape.kinds].join(' | ')}`
  const field = path.split('.').at(-1)!
  const text = typeof value === 'string' ? value : ''
  if (field === 'id' && !UUID.test(text)) yield `${path} is no UUID: ${text}`
  if (field.endsWith('_at') && value !== null && !TIME.test(text)) yield `${path} is no time: ${text}`
  if (Array.isArray(value) && shape.items) for (const item of value) yield* compare(shape.items, item, `${path}[]`)
  if (!shape.fields || !isRecord(value)) return
  for (const [name, inner] of shape.fields) {
    if (name in value) yield* compare(inner, value[name], `${path}.${name}`)
    else yield `${path}.${name} is missing`
  }
  for (const name of Object.keys(value)) if (!shape.fields.has(name)) yield `${path}.${name} is in no type`
}

function hasKind(kinds: Set<string>, value: unknown): boolean {
  return kinds.has('any') || kinds.has(kindOf(value)) || (typeof value === 'string' && kinds.has(JSON.stringify(value)))
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
