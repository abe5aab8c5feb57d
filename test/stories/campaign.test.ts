import {type Sandbox, startSandbox} from '../../sandbox/sandbox.js'
import {playRound} from '../campaign/round.js'

/** A machine sleeps in it while a colleague takes over. */
const SEEDS = [1443596982]

/** The fixed share of `npm run campaign`. */
describe('Whole migrations by somebody who does what the messages say, while things happen', function () {
  this.timeout(300_000)
  let sandbox: Sandbox

  before('start the sandbox', async () => {
    sandbox = await startSandbox({sourceReplication: true, distance: 'near'})
    const {NODE_OPTIONS, ...env} = sandbox.env
    Object.assign(process.env, env)
  })

  after('stop the sandbox', () => sandbox.stop())

  for (const seed of SEEDS) it(`end well: SEED=${seed}`, () => playRound(sandbox, seed))
})
