import {median, rounded} from '../measure.js'
import type {Figures, Measure} from './measures.js'
import type {Variant} from './variants.js'

/** Medians of every variant, and what the main figure is beside that of the variant without capture. */
export interface Summary {
  variants: Partial<Record<Variant['name'], Figures>>
  ratio: number
  fencedRatio: number
  slotRatio?: number
  cpuRatio?: number
  fencedCpuRatio?: number
  slotCpuRatio?: number
}

export function summarize({figure}: Measure, taken: Map<Variant, Figures[]>): Summary {
  const variants = Object.fromEntries(
    [...taken].map(([{name}, turns]) => [
      name,
      Object.fromEntries(
        Object.keys(turns[0]!).map((key) => [key, rounded(median(turns.map((turn) => turn[key]!)), 4)]),
      ),
    ]),
  ) as Summary['variants']
  const ratio = (name: Variant['name'], key: string) => rounded(variants[name]![key]! / variants.without![key]!)
  const slot = variants.slot !== undefined
  return {
    variants,
    ratio: ratio('with', figure),
    fencedRatio: ratio('fenced', figure),
    ...(slot ? {slotRatio: ratio('slot', figure)} : {}),
    ...('cpuMs' in variants.without!
      ? {
          cpuRatio: ratio('with', 'cpuMs'),
          fencedCpuRatio: ratio('fenced', 'cpuMs'),
          ...(slot ? {slotCpuRatio: ratio('slot', 'cpuMs')} : {}),
        }
      : {}),
  }
}

/** Each figure with its ratio. */
export const linesOf = ({name}: Measure, {variants}: Summary): string[] =>
  Object.entries(variants).map(([variant, figures]) => {
    const all = Object.entries(figures).map(
      ([key, value]) => `${key} ${rounded(value)} (${(value / variants.without![key]!).toFixed(2)})`,
    )
    return `${name.padEnd(13)} ${variant.padEnd(8)} ${all.join('   ')}`
  })

/** What is promised of a source whose commits wait for the disk. */
const PROMISES: [measure: string, words: string, holds: (ratio: number) => boolean][] = [
  ['tpcb', 'throughput at least 0.75', (ratio) => ratio >= 0.75],
  ['singleInsert', 'throughput at least 0.75', (ratio) => ratio >= 0.75],
  ['singleUpdate', 'throughput at least 0.75', (ratio) => ratio >= 0.75],
  ['bulkInsert', 'seconds at most 2.5', (ratio) => ratio <= 2.5],
  ['bulkUpdate', 'seconds at most 1.8', (ratio) => ratio <= 1.8],
]

export const verdictsOn = (summaries: Record<string, Summary>): string[] =>
  PROMISES.filter(([measure]) => summaries[measure]).map(([measure, words, holds]) => {
    const verdict = (ratio: number) => `${ratio.toFixed(2)} ${holds(ratio) ? 'holds' : 'DOES NOT HOLD'}`
    const {ratio, fencedRatio} = summaries[measure]!
    return `${measure.padEnd(13)} ${words.padEnd(26)} capture ${verdict(ratio)}, with the fence ${verdict(fencedRatio)}`
  })
