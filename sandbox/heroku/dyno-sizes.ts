import {invalid, notFound} from './errors.js'

/** What its sizes depend on. */
export interface SizedApp {
  readonly space: string | null
  readonly generation: 'cedar' | 'fir'
}

export type Tier = 'eco' | 'basic' | 'production' | 'private' | 'fir'

export interface DynoSize {
  name: string
  /** Sizes of two tiers cannot be used in the same app. */
  tier: Tier
  /** GB */
  memory: number
  compute: number
  units: number
  dedicated: boolean
}

/** Names, memory and units as the CLI's tests and its price list show them. */
const SIZES: DynoSize[] = [
  size('Eco', 'eco', 0.5, 1, 0),
  size('Basic', 'basic', 0.5, 1, 0.28),
  size('Standard-1X', 'production', 0.5, 1, 1),
  size('Standard-2X', 'production', 1, 2, 2),
  size('Performance-M', 'production', 2.5, 12, 8),
  size('Performance-L', 'production', 14, 46, 16),
  size('Performance-L-RAM', 'production', 30, 24, 16),
  size('Performance-XL', 'production', 62, 50, 24),
  size('Performance-2XL', 'production', 126, 100, 48),
  size('Private-S', 'private', 1, 2, 5),
  size('Private-M', 'private', 2.5, 14, 10),
  size('Private-L', 'private', 14, 52, 20),
  size('Private-L-RAM', 'private', 30, 24, 16),
  size('Private-XL', 'private', 62, 50, 24),
  size('Private-2XL', 'private', 126, 100, 48),
  ...['1c-0.5', '2c-1', '1c-4', '2c-8', '4c-16', '8c-32', '16c-64', '2c-4', '4c-8', '8c-16', '16c-32', '32c-64'].map(
    (shape) => size(`dyno-${shape}gb`, 'fir', Number(shape.split('-')[1]), Number.parseInt(shape, 10), 1),
  ),
]

/** The size a one-off dyno gets when none is asked for. */
const ONE_OFF: Record<Tier, string> = {
  eco: 'Eco',
  basic: 'Basic',
  production: 'Standard-1X',
  private: 'Private-S',
  fir: 'dyno-1c-0.5gb',
}

function size(name: string, tier: Tier, memory: number, compute: number, units: number): DynoSize {
  return {name, tier, memory, compute, units, dedicated: /^(Performance|Private)/.test(name)}
}

export const allSizes = (): readonly DynoSize[] => SIZES

export function sizesOf(app: SizedApp): DynoSize[] {
  const runtime = app.generation === 'fir' ? 'fir' : app.space === null ? 'common' : 'private'
  return SIZES.filter(({tier}) => (tier === 'fir' || tier === 'private' ? tier : 'common') === runtime)
}

/** @throws ApiError 404 */
export function sizeNamed(name: string): DynoSize {
  const found = SIZES.find((one) => one.name.toLowerCase() === name.toLowerCase())
  if (!found) throw notFound('dyno size')
  return found
}

/** A size by its name in any case. @throws ApiError 422 as heroku/legacy-cli#1963 shows it */
export function sizeFor(app: SizedApp, wanted: string): string {
  const sizes = sizesOf(app).map(({name}) => name)
  const found = sizes.find((name) => name.toLowerCase() === wanted.toLowerCase())
  if (found !== undefined) return found
  const list = `${sizes.slice(0, -1).join(', ')} and ${sizes.at(-1)}`
  throw invalid(`No such size as ${wanted}. Available dyno sizes are ${list}.`)
}

export const tierOf = (name: string): Tier => sizeNamed(name).tier

/** What an app's dynos have at first: of Standard, or of what its runtime begins with. */
export function firstSize({generation, space}: SizedApp): string {
  if (generation === 'fir') return ONE_OFF.fir
  return space === null ? ONE_OFF.production : ONE_OFF.private
}

export const oneOffSize = (tier: Tier): string => ONE_OFF[tier]

/** @throws ApiError 422 as heroku/terraform-provider-heroku's users met it: Basic and Standard-1X do not mix */
export function requireOneTier(names: readonly string[]): void {
  const [first, ...others] = [...new Set(names)]
  const stranger = others.find((name) => tierOf(name) !== tierOf(first!))
  if (stranger !== undefined) {
    throw invalid(`Cannot use the following dyno types in the same app: ${first} and ${stranger}`)
  }
}

/** `GET /dyno-sizes`; Fir runs on ARM. */
export function dynoSizeJson({name, tier, memory, compute, units, dedicated}: DynoSize) {
  const generation = tier === 'fir' ? 'fir' : 'cedar'
  return {
    id: name,
    name,
    architecture: tier === 'fir' ? 'arm64' : 'amd64',
    can_autoscale: dedicated,
    compute,
    cost: null,
    dedicated,
    dyno_units: Math.ceil(units),
    generation: {id: generation, name: generation},
    memory,
    precise_dyno_units: units,
    private_space_only: tier === 'private' || tier === 'fir',
  }
}
