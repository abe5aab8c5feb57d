import type {Major} from '../../sandbox/postgres/binaries.js'
import {rounded} from '../measure.js'
import type {Filled} from './fill.js'
import type {Loaded} from './load.js'
import type {Assessed} from './remedies.js'
import type {Written} from './writer.js'

export const PHASES = [
  'load',
  'fill',
  'assess',
  'start',
  'verify',
  'cutover',
  'compare',
  'rollback',
  'abandon',
  'as before',
] as const

export type Phase = (typeof PHASES)[number]

/** All that is known of one schema's journey; what is left out was not reached. */
export interface Outcome {
  schema: string
  majors: [source: Major, target: Major]
  durability?: string
  /** What went wrong in each; nothing where it held. A phase that is left out was not reached. */
  phases: Partial<Record<Phase, string[]>>
  /** How long each took. */
  seconds: Partial<Record<Phase, number>>
  counts?: {tables: number; indexes: number; foreignKeys: number; functions: number} | undefined
  loaded?: Loaded | undefined
  filled?: Omit<Filled, 'catalog'>
  assessed?: Assessed | undefined
  written?: Written
  startSeconds?: number
  windowSeconds?: number
  writePauseSeconds?: number
}

export const hasPassed = ({phases}: Outcome): boolean => PHASES.every((phase) => phases[phase]?.length === 0)

/** Does phases and keeps what went wrong; none of them ends the run. */
export class Phases {
  readonly results: Outcome['phases'] = {}
  readonly seconds: Outcome['seconds'] = {}
  readonly #tell: (phase: Phase) => void
  #begun: Phase = 'load'

  constructor(tell: (phase: Phase) => void) {
    this.#tell = tell
  }

  async do<T>(phase: Phase, work: () => Promise<T>): Promise<T | undefined> {
    this.#tell(phase)
    this.#begun = phase
    this.results[phase] = []
    const begun = performance.now()
    try {
      return await work()
    } catch (error) {
      this.fail(error)
      return undefined
    } finally {
      this.seconds[phase] = rounded((performance.now() - begun) / 1000, 1)
    }
  }

  note(phase: Phase, trouble: string): void {
    ;(this.results[phase] ??= []).push(trouble)
  }

  /** Something between two phases went wrong, or the last one. */
  fail(error: unknown): void {
    this.note(this.#begun, described(error))
  }

  /** Each of these is a trouble. */
  none(phase: Phase, troubles: readonly string[]): void {
    for (const trouble of troubles) this.note(phase, trouble)
  }

  hold(phase: Phase): boolean {
    return this.results[phase]?.length === 0
  }
}

/** As an operator would read it; with the stack where it is no error that the plugin words itself. */
function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const {code, suggestions} = error as Error & {code?: string; suggestions?: string[]}
  if (suggestions) return [error.message, ...suggestions.map((one) => `  › ${one}`)].join('\n')
  return [error.message, `  ${code ?? 'no code'}: not worded by the plugin`, error.stack].join('\n')
}
