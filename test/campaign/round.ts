import {setTimeout as delay} from 'node:timers/promises'

import type {Sandbox} from '../../sandbox/sandbox.js'
import type {Shop} from '../../sandbox/shop.js'
import {type AppState, expectBusiness, expectNeverBothOpen, stateOf} from '../support/app-state.js'
import {type Random, randomFrom} from '../support/hostile-random.js'
import {advisedBy, type Ended, type Operator, operatorOf, type StatusSeen} from './operator.js'
import {CHAOS, drawChaos, rememberTarget, type Scene} from './chaos.js'
import {expectBack, expectDiscreet, expectLive, expectNothingLeft} from './invariants.js'

/** Whoever needs more commands than that to get out has no way out. */
const MOST_COMMANDS = 14
/** From then on nothing more happens. */
const CALM_AFTER = 7
const METHODS = ['change-capture', 'change-capture', 'change-capture', 'dump-restore', 'logical-replication']

export interface Round {
  seed: number
  method: string
  end: 'back' | 'live'
  commands: number
  happened: string[]
  seconds: number
}

/**
 * A whole migration of a busy shop by an operator who does what the tool's messages say, while things happen. Throws what does not hold
 * at its end, with the history of the round.
 */
export async function playRound(sandbox: Sandbox, seed: number): Promise<Round> {
  const begun = Date.now()
  const history: string[] = []
  const happened: string[] = []
  const log = (what: string) => void history.push(`${((Date.now() - begun) / 1000).toFixed(2)} s: ${what}`)
  const random = randomFrom(seed)
  const method = random.pick(METHODS)
  const shop = await sandbox.openShop({formation: {web: 1, worker: 1}, pauseMs: 60})
  const operator = operatorOf(sandbox, shop, method)
  const outputs: string[] = []
  try {
    await operator.link()
    shop.customersCome()
    await expectBusiness(shop)
    const before = stateOf(shop.app)
    const changed: Scene['changed'] = {quantities: new Set([before.formation['worker']!]), vars: new Map()}
    const play = new Play(
      {sandbox, shop, random, log, changed, colleague: () => Promise.resolve()},
      operator,
      happened,
      outputs,
    )
    const end = await play.toItsEnd(method)
    sandbox.heroku.faults.clear()
    await expectEnd(end, {sandbox, shop, before, changed, play})
    expectDiscreet(outputs, shop)
    return {seed, method, end, commands: play.commands, happened, seconds: (Date.now() - begun) / 1000}
  } catch (error) {
    const {message, actual, expected} = error as Error & {actual?: unknown; expected?: unknown}
    const values = actual === undefined ? '' : `\n${JSON.stringify({actual, expected})}`
    const shown = outputs.filter((output) => output.startsWith('$') || output.startsWith('(')).slice(-3)
    throw new Error(`SEED=${seed} (${method}): ${message}${values}\n${history.join('\n')}\n${shown.join('\n---\n')}`, {
      cause: error,
    })
  } finally {
    sandbox.heroku.faults.clear()
    await shop.close()
  }
}

interface Ending {
  sandbox: Sandbox
  shop: Shop
  before: AppState
  changed: Scene['changed']
  play: Play
}

async function expectEnd(end: Round['end'], {sandbox, shop, before, changed, play}: Ending): Promise<void> {
  if (end === 'live') {
    await expectLive(sandbox, shop, before, changed)
    await play.run('rds:finish --now', {calm: true})
  } else {
    await expectBack(shop, before, changed)
    await play.run('rds:start --abandon', {calm: true})
  }
  await expectNothingLeft(sandbox, shop, end)
}

/** The commands of one round. */
class Play {
  commands = 0
  readonly #scene: Scene
  readonly #operator: Operator
  readonly #happened: string[]
  readonly #outputs: string[]

  constructor(scene: Scene, operator: Operator, happened: string[], outputs: string[]) {
    this.#scene = {...scene, colleague: () => this.#colleague()}
    this.#operator = operator
    this.#happened = happened
    this.#outputs = outputs
  }

  async toItsEnd(method: string): Promise<Round['end']> {
    const {random, log, shop} = this.#scene
    if (random.chance(0.3)) this.#scene.restore = await rememberTarget(this.#scene)
    const follows = method !== 'dump-restore'
    let next = follows && random.chance(0.7) ? 'rds:start' : 'rds:cutover'
    while (this.commands < MOST_COMMANDS) {
      const {code, said, words} = await this.run(next)
      const status = await this.#status()
      const [, why = ''] = /Error: ([\s\S]{0,200})/.exec(said) ?? []
      log(`${words}: ${code} ${why.replaceAll(/\s+/g, ' ')}; ${status?.phase} ${status?.contradictions.join() ?? ''}`)
      if (!status) continue
      const settled = status.contradictions.length === 0
      if (settled && status.phase === 'live' && status.next.startsWith('heroku rds:finish')) return 'live'
      const isBack =
        settled && ['following', 'not started', 'prepared', 'rolled back', 'copying'].includes(status.phase)
      if (isBack && words !== 'rds:start' && random.chance(0.3)) return 'back'
      if (code === 0 && words === 'rds:start') next = 'rds:cutover'
      else next = adviceIn(said, status, words, random)
      if (this.#scene.restore === undefined && random.chance(0.1) && !shop.app.maintenance)
        this.#scene.restore = await rememberTarget(this.#scene)
    }
    throw new Error(`no way out within ${MOST_COMMANDS} commands`)
  }

  /** Runs one command to its end; something may happen to it. */
  async run(words: string, {calm = false} = {}): Promise<Ended> {
    const {random, log} = this.#scene
    this.commands++
    const running = this.#operator.begin(words)
    const chaos = calm || this.commands > CALM_AFTER || !random.chance(0.85) ? undefined : drawChaos(random)
    const [atStep, afterMs] = [1 + random.below(words === 'rds:cutover' ? 34 : 14), random.below(600)]
    let acting: Promise<void> = Promise.resolve()
    let steps = 0
    const act = async () => {
      await delay(afterMs)
      if (running.child.exitCode !== null || running.child.signalCode !== null) return
      log(`${words}, after ${steps} lines: ${chaos!}`)
      this.#happened.push(chaos!)
      await CHAOS[chaos!]!.act(this.#scene, running)
    }
    running.onStep(() => {
      if (++steps === atStep && chaos) acting = act()
    })
    const ended = await running.ended
    await acting
    this.#outputs.push(`$ heroku ${words}\n${ended.said}\n(${ended.code})`)
    // What is finished has no fence any more: the source is read-only by default.
    if (!words.startsWith('rds:finish')) await expectNeverBothOpen(this.#scene.shop)
    return ended
  }

  async #status(): Promise<StatusSeen | undefined> {
    const status = await this.#operator.status()
    if (status) this.#outputs.push(status.said)
    return status
  }

  /** Another operator, who finds the migration as it is, and does what its status says. */
  async #colleague(): Promise<void> {
    const {random, log} = this.#scene
    const status = await this.#status()
    const words = status ? adviceIn('', status, 'rds:rollback', random) : 'rds:rollback'
    const {code, said} = await this.#operator.begin(words).ended
    log(`a colleague: ${words}: ${code}`)
    this.#outputs.push(`(a colleague) $ heroku ${words}\n${said}\n(${code})`)
  }
}

/** One of the commands that the messages name. */
function adviceIn(said: string, status: StatusSeen, words: string, random: Random): string {
  const [, error = ''] = /(Error: [\s\S]*)$/.exec(said) ?? []
  const fromError = advisedBy(error, words)
  const fromStatus = advisedBy(status.next, words)
  const all = fromError.length > 0 && random.chance(0.7) ? fromError : fromStatus
  const wanted = all.filter((one) => one !== 'rds:finish')
  return wanted.length > 0 ? random.pick(wanted) : 'rds:cutover'
}
