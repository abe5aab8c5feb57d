// How long `heroku rds:status` takes beside `heroku pg:info`, both against the same local API: alternating, as a ratio.
import {parseArgs} from 'node:util'

import {startSandbox} from '../sandbox/sandbox.js'
import {makeDurable} from './durability.js'

const {values} = parseArgs({options: {runs: {type: 'string', default: '9'}}})
const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!

const sandbox = await startSandbox()
try {
  console.log(await makeDurable([sandbox.source, sandbox.target]))
  const shop = await sandbox.openShop({formation: {}})
  const time = async (command: string) => {
    const begun = performance.now()
    const {code, stderr} = await sandbox.cli([command, '-a', shop.name], {env: shop.env})
    if (code !== 0) throw new Error(stderr)
    return (performance.now() - begun) / 1000
  }
  const seconds: Record<string, number[]> = {'rds:status': [], 'pg:info': []}
  for (let run = -1; run < Number(values.runs); run++) {
    for (const [command, times] of Object.entries(seconds)) {
      const took = await time(command)
      if (run >= 0) times.push(took)
    }
  }
  const [ours, theirs] = [median(seconds['rds:status']!), median(seconds['pg:info']!)]
  for (const [command, times] of Object.entries(seconds)) {
    console.log(
      `${command.padEnd(12)} median ${median(times).toFixed(2)} s, ${Math.min(...times).toFixed(2)} to ${Math.max(...times).toFixed(2)} s`,
    )
  }
  console.log(`ratio ${(ours / theirs).toFixed(2)}`)
} finally {
  await sandbox.stop()
}
