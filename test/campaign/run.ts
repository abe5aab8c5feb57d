// npm run campaign -- --rounds N --seed S [--only SEED]: whole migrations while things happen, and what must hold after each.
import '../support/environment.js'

import {parseArgs} from 'node:util'

import {startSandbox} from '../../sandbox/sandbox.js'
import {randomFrom} from '../support/hostile-random.js'
import {playRound} from './round.js'

const {values} = parseArgs({
  options: {rounds: {type: 'string', default: '10'}, seed: {type: 'string'}, only: {type: 'string'}},
})
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
const random = randomFrom(seed)
const seeds =
  values.only === undefined
    ? Array.from({length: Number(values.rounds)}, () => random.below(2 ** 31))
    : [Number(values.only)]

console.log(`campaign of ${seeds.length} rounds, --seed ${seed}`)
let violations = 0
let sandbox = await open()
for (const [nth, one] of seeds.entries()) {
  try {
    const {method, end, commands, happened, seconds} = await playRound(sandbox, one)
    console.log(
      `${nth + 1}. ${one}: ${method}, ${end} after ${commands} commands, ${seconds.toFixed(0)} s; ${happened.join(', ') || 'nothing happened'}`,
    )
  } catch (error) {
    violations++
    console.log(`${nth + 1}. VIOLATION ${String(error)}`)
    await sandbox.stop()
    sandbox = await open()
  }
}
await sandbox.stop()
console.log(`${seeds.length} rounds, ${violations} violations`)
process.exitCode = violations === 0 ? 0 : 1

async function open() {
  const opened = await startSandbox({sourceReplication: true, distance: 'near'})
  const {NODE_OPTIONS, ...env} = opened.env
  Object.assign(process.env, env)
  return opened
}
