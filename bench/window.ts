// How long a cutover by change capture takes, and for how long nobody can write, by the size of the database: the stock
// command moves a busy shop with ballast and TPC-B beside it. Sizes in turns.
import {parseArgs} from 'node:util'

import {describeProfile, PROFILES} from '../sandbox/network/profiles.js'
import {nameAt, profileNamed} from './distance.js'
import {findTool} from './client-tools.js'
import {machine, median, rounded, saveResult} from './measure.js'
import {type Cutover, moveShop} from './window/cutover.js'

const {values} = parseArgs({
  options: {
    sizes: {type: 'string', default: '0.1,1,5'},
    runs: {type: 'string', default: '3'},
    rate: {type: 'string', default: '200'},
    scale: {type: 'string', default: '10'},
    distance: {type: 'string', default: 'loopback'},
    verbose: {type: 'boolean', default: false},
    json: {type: 'boolean', default: false},
    trial: {type: 'boolean', default: false},
  },
})
const distance = profileNamed(values.distance)
const sizes = values.sizes.split(',').map(Number)
const tell = (line: string) => (values.json ? console.error(line) : console.log(line))
const watch = (text: string) => void (values.verbose && process.stderr.write(text))
const [rate, scale] = [Number(values.rate), Number(values.scale)]
if (!findTool('pgbench')) tell('pgbench is not installed: the customers of the shop are the only load')

const taken = new Map<number, Cutover[]>(sizes.map((size) => [size, []]))
for (let round = 1; round <= Number(values.runs); round++) {
  for (const size of sizes) {
    const begun = Date.now()
    const cutover = await moveShop({gigabytes: size, rate, scale, distance, watch})
    taken.get(size)!.push(cutover)
    tell(`${round}. ${words(cutover)}${loadWords(cutover)}   (${Math.round((Date.now() - begun) / 1000)} s in all)`)
  }
}

const found = sizes.map((size) => mediansOf(taken.get(size)!))
for (const figures of found) tell(`median ${words(figures)}\n       ${stepWords(figures)}`)
const [smallest, largest] = [found[0]!, found.at(-1)!]
const ratioLargestToSmallest = rounded(largest.writePauseSeconds / smallest.writePauseSeconds)
const windowRatio = rounded(largest.windowSeconds / smallest.windowSeconds)
const verdict = (holds: boolean) => (holds ? 'holds' : 'DOES NOT HOLD')
tell(`write pause at most 2 s at every size: ${verdict(found.every(({writePauseSeconds}) => writePauseSeconds <= 2))}`)
tell(
  `write pause of the largest to that of the smallest at most 1.3: ${ratioLargestToSmallest} ${verdict(ratioLargestToSmallest <= 1.3)}`,
)
const result = {
  machine: machine('16 to 17'),
  distance: describeProfile(PROFILES[distance]),
  runs: Number(values.runs),
  tpcbRate: rate,
  durability: taken.get(sizes[0]!)![0]!.durability,
  sizes: found,
  ratioLargestToSmallest,
  windowRatio,
}
if (!values.trial) saveResult(nameAt(distance, 'window'), result)
if (values.json) console.log(JSON.stringify(result))

function mediansOf(cutovers: readonly Cutover[]) {
  const of = (figure: (cutover: Cutover) => number) => rounded(median(cutovers.map(figure)), 2)
  return {
    gigabytes: of(({gigabytes}) => gigabytes),
    writePauseSeconds: of(({writePauseSeconds}) => writePauseSeconds),
    windowSeconds: of(({windowSeconds}) => windowSeconds),
    bootSeconds: of(({bootSeconds}) => bootSeconds),
    logMegabytes: of(({logMegabytes}) => logMegabytes),
    steps: Object.fromEntries(
      Object.keys(cutovers[0]!.steps).map((step) => [step, of(({steps}) => steps[step] ?? NaN)]),
    ),
    acknowledgedWrites: cutovers.reduce((sum, cutover) => sum + cutover.acknowledgedWrites, 0),
    acknowledgedTpcb: cutovers.reduce((sum, {load}) => sum + (load?.acknowledged ?? 0), 0),
  }
}

function words({
  gigabytes,
  writePauseSeconds,
  windowSeconds,
  bootSeconds,
  logMegabytes,
}: Omit<Cutover, 'durability' | 'steps'>): string {
  return `${gigabytes.toFixed(2)} GB: write pause ${writePauseSeconds.toFixed(2)} s, window ${windowSeconds.toFixed(2)} s, of which the app booted for ${bootSeconds.toFixed(2)} s; capture logs of ${logMegabytes.toFixed(1)} MB`
}

/** What the write pause is made of, and what leads to it. */
function stepWords({steps}: Pick<Cutover, 'steps'>): string {
  const names = Object.keys(steps)
  const inside = names.slice(names.indexOf('enter-maintenance'), names.indexOf('open') + 1)
  return inside.map((name) => `${name} ${steps[name]!.toFixed(2)}`).join(', ')
}

function loadWords({acknowledgedWrites, load}: Cutover): string {
  return (
    `; ${acknowledgedWrites} writes of the shop audited` +
    (load
      ? `; TPC-B: ${load.acknowledged} acknowledged, then ${load.refused} refusals and ${load.lost} lost connections`
      : '')
  )
}
