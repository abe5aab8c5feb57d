import {expect} from 'chai'

import {failed, type RdsError, refused} from '../../src/lib/ports/errors.js'
import type {Ended, Journal, StepEvent, StepRecord} from '../../src/lib/ports/ports.js'
import type {Migration} from '../../src/lib/runbook/migration.js'
import {rollback} from '../../src/lib/runbook/rollback.js'
import {run} from '../../src/lib/runbook/run.js'
import type {Step} from '../../src/lib/runbook/step.js'
import {silentHeroku} from '../support/healthy.js'

type Change = [step: string, changes: Partial<StepRecord>]

const ending = (ended: Ended | undefined): Change | undefined =>
  ended && [ended.step, {finishedAt: new Date(), evidence: ended.evidence, waits: ended.waits}]

/** What happens to the world, in order, and what the journal and the operator are told. */
class World {
  readonly log: string[] = []
  readonly records: StepRecord[] = []
  readonly events: StepEvent[] = []
  readonly interrupt = new AbortController()
  /** Effects that are in place: what `done` of a step looks at. */
  readonly effects = new Set<string>()
  readonly steps: Step[] = []
  budgetSeconds: number | undefined

  step(id: string, changes: Partial<Step> & {act?: () => Promise<void> | void; undoAct?: () => void} = {}): this {
    const {act, undoAct, ...rest} = changes
    this.steps.push({
      id,
      title: `Step ${id}`,
      window: 'inside',
      done: () => Promise.resolve(this.effects.has(id)),
      run: async () => {
        this.log.push(id)
        await act?.()
        this.effects.add(id)
        return `${id} is proven`
      },
      undo: () => {
        this.log.push(`undo ${id}`)
        undoAct?.()
        this.effects.delete(id)
        return Promise.resolve()
      },
      ...rest,
    })
    return this
  }

  /** As a killed run left it. */
  found(id: string, state: 'finished' | 'started' | 'undone' = 'finished', startedAt = new Date()): this {
    const finishedAt = state === 'started' ? null : new Date()
    this.records.push({
      step: id,
      startedAt,
      finishedAt,
      undoneAt: state === 'undone' ? new Date() : null,
      evidence: null,
      operator: 'x',
      waits: null,
    })
    return this
  }

  /** Cancelling takes a connection of its own, and so its time. */
  interrupted: () => Promise<void> = () => Promise.resolve()
  /** Whether this operator is still the one who may act. */
  held = true
  /** Of the next looks at that, how many find no connection to the journal. */
  broken = 0
  heroku = silentHeroku
  readonly told: string[] = []

  readonly journal = {
    assertHeld: () => {
      if (this.broken-- > 0) return Promise.reject(failed('target_unreachable', 'the target is away for a moment'))
      return this.held ? Promise.resolve() : Promise.reject(failed('taken_over', 'somebody else has taken over'))
    },
    started: (step: string, before?: Ended) =>
      this.write(ending(before), [step, {finishedAt: null, undoneAt: null, evidence: null}]),
    finished: (ended: Ended) => this.write(ending(ended)),
    foundDone: (step: string, before?: Ended) =>
      this.write(ending(before), [step, {finishedAt: this.recordOf(step)?.finishedAt ?? new Date(), undoneAt: null}]),
    failed: (step: string, reason: string) => this.write([step, {evidence: `failed: ${reason}`}]),
    undone: (steps: readonly string[]) => this.write(...steps.map((step): Change => [step, {undoneAt: new Date()}])),
    read: () => Promise.resolve({...this.state(), notes: {}}),
    records: () => Promise.resolve(this.state().records),
  } as unknown as Journal

  recordOf(step: string): StepRecord | undefined {
    return this.records.find((record) => record.step === step)
  }

  private state() {
    return {attempt: 1, records: this.records.map((record) => ({...record}))}
  }

  /** All at once, or nothing. */
  private write(...changes: (Change | undefined)[]) {
    if (!this.held) return Promise.reject(failed('taken_over', 'somebody else has taken over'))
    this.entries++
    for (const change of changes) if (change) this.change(...change)
    return Promise.resolve(this.state())
  }

  private change(step: string, changes: Partial<StepRecord>): void {
    const known = this.recordOf(step)
    if (known) Object.assign(known, changes)
    else {
      const fresh = {
        step,
        startedAt: new Date(),
        finishedAt: null,
        undoneAt: null,
        evidence: null,
        operator: 'x',
        waits: null,
      }
      this.records.push({...fresh, ...changes})
    }
  }

  /** Written to the journal, each in one message. */
  entries = 0

  /** Of a method that keeps what it did before the window. */
  follows = false

  private get migration(): Migration {
    return {
      method: this.follows ? {follow: () => Promise.resolve()} : {},
      journal: this.journal,
      operator: {step: (event: StepEvent) => this.events.push(event), tell: (line: string) => this.told.push(line)},
      clock: {now: () => new Date(), sleep: () => Promise.resolve()},
      settings: {budgetSeconds: this.budgetSeconds},
      heroku: this.heroku,
      signal: this.interrupt.signal,
      source: {interrupt: () => this.interrupted()},
      target: {interrupt: () => this.interrupted()},
    } as unknown as Migration
  }

  /** Runs, and returns the error it ends with. */
  async run(): Promise<RdsError | undefined> {
    return run(this.steps, this.migration).then(
      () => undefined,
      (error: RdsError) => error,
    )
  }

  rollback(): Promise<string[]> {
    return rollback(this.steps, this.migration)
  }

  inEffect(): string[] {
    return this.records.filter(({undoneAt}) => !undoneAt).map(({step}) => step)
  }
}

const breaks = (message = 'the disk is full') => ({
  act: () => {
    throw failed('broken', message)
  },
})

describe('a run', () => {
  it('that comes to nothing keeps what a method that follows did before the window', async () => {
    const world = new World()
      .step('copied', {window: 'before'})
      .step('frozen')
      .step('broken', {
        act: () => Promise.reject(failed('broken', 'it broke')),
      })
    world.follows = true
    expect((await world.run())?.code).to.equal('broken')
    expect(world.log).to.deep.equal(['copied', 'frozen', 'broken', 'undo broken', 'undo frozen'])
  })

  it('does the steps in order and journals what each proved', async () => {
    const world = new World().step('one').step('two').step('three')
    expect(await world.run()).to.equal(undefined)
    expect(world.log).to.deep.equal(['one', 'two', 'three'])
    expect(world.records.map(({step, evidence, finishedAt}) => [step, evidence, finishedAt !== null])).to.deep.equal([
      ['one', 'one is proven', true],
      ['two', 'two is proven', true],
      ['three', 'three is proven', true],
    ])
    expect(world.events.map(({kind, title}) => `${kind} ${title}`)).to.deep.equal(
      ['one', 'two', 'three'].flatMap((id) => [`started Step ${id}`, `finished Step ${id}`]),
    )
  })

  it('writes that a step was started before it touches anything', async () => {
    const world: World = new World().step('one', {act: () => void expect(world.inEffect()).to.deep.equal(['one'])})
    expect(await world.run()).to.equal(undefined)
    expect(world.recordOf('one')?.evidence).to.equal('one is proven')
  })

  it('writes in one entry how a step ended and that the next was started', async () => {
    const world: World = new World().step('one').step('two', {
      act: () => {
        expect([world.entries, world.recordOf('one')?.evidence]).to.deep.equal([2, 'one is proven'])
      },
    })
    expect(await world.run()).to.equal(undefined)
    expect([world.entries, world.recordOf('two')?.evidence]).to.deep.equal([3, 'two is proven'])
    expect(world.recordOf('one')?.waits).to.deep.equal({databases: 0, heroku: 0, all: 0})
  })

  it('writes how a step ended also when the next cannot begin', async () => {
    const world = new World().step('one').step('two', {done: () => Promise.reject(failed('blind', 'no answer'))})
    world.follows = true
    world.steps[0] = {...world.steps[0]!, window: 'before'}
    expect((await world.run())?.code).to.equal('blind')
    expect(world.recordOf('one')?.evidence).to.equal('one is proven')
  })

  it('finds done what is done, and goes on from there', async () => {
    const world = new World().step('one').step('two').step('three')
    world.effects.add('one').add('two')
    world.found('one').found('two', 'started')
    expect(await world.run()).to.equal(undefined)
    expect(world.log).to.deep.equal(['three'])
    expect(world.recordOf('two')?.finishedAt).not.to.equal(null)
    expect(world.events.filter(({kind}) => kind === 'found done')).to.have.lengthOf(2)
  })

  it('does again what a killed run had started but not ended', async () => {
    const world = new World().step('one').step('two')
    world.effects.add('one')
    world.found('one').found('two', 'started')
    expect(await world.run()).to.equal(undefined)
    expect(world.log).to.deep.equal(['two'])
  })

  it('changes nothing when everything is done', async () => {
    const world = new World().step('one').step('two')
    await world.run()
    world.log.length = 0
    expect(await world.run()).to.equal(undefined)
    expect(world.log).to.deep.equal([])
  })

  it('undoes what was started, newest first, when a step fails, and tells why', async () => {
    const world = new World().step('one').step('two').step('three', breaks()).step('four')
    const error = await world.run()
    expect(error?.code).to.equal('broken')
    expect(world.log).to.deep.equal(['one', 'two', 'three', 'undo three', 'undo two', 'undo one'])
    expect(world.inEffect()).to.deep.equal([])
    expect(world.recordOf('three')?.evidence).to.equal('failed: the disk is full')
    const told = world.events.map(({kind, title}) => `${kind} ${title}`)
    expect(told).to.include.members(['failed Step three', 'undoing Step three', 'undone Step one'])
  })

  it('undoes what an earlier, killed run had done as well', async () => {
    const world = new World().step('one').step('two').step('three', breaks())
    world.effects.add('one').add('two')
    world.found('one').found('two')
    expect((await world.run())?.code).to.equal('broken')
    expect(world.log).to.deep.equal(['three', 'undo three', 'undo two', 'undo one'])
  })

  it('undoes when a step cannot even tell whether it is done', async () => {
    const world = new World().step('one').step('two', {done: () => Promise.reject(failed('blind', 'no answer'))})
    expect((await world.run())?.code).to.equal('blind')
    expect(world.log).to.deep.equal(['one', 'undo one'])
  })

  it('says so, with how to go on, when undoing stops as well', async () => {
    const world = new World()
      .step('one')
      .step('two', {
        undoAct: () => {
          throw failed('stuck', 'Heroku does not answer')
        },
      })
      .step('three', breaks())
    const error = await world.run()
    expect(error?.code).to.equal('undo_incomplete')
    expect(error?.oclif.exit).to.equal(1)
    expect(error?.message).to.include('the disk is full').and.include('Heroku does not answer')
    expect(error?.suggestions.join()).to.include('heroku rds:rollback')
    expect(world.inEffect()).to.deep.equal(['one', 'two'])
    expect(world.log.at(-1)).to.equal('undo two')
  })

  it('undoes when the operator interrupts, with the interruption as the reason', async () => {
    const world: World = new World().step('one').step('two', {
      act: () => {
        world.interrupt.abort(failed('interrupted', 'interrupted by Ctrl-C'))
        throw new Error('the statement was cancelled')
      },
    })
    const error = await world.run()
    expect(error?.code).to.equal('interrupted')
    expect(world.recordOf('two')?.evidence).to.equal('failed: interrupted by Ctrl-C')
    expect(world.log).to.deep.equal(['one', 'two', 'undo two', 'undo one'])
  })

  it('begins no further step after an interruption that a step did not notice', async () => {
    const world: World = new World()
      .step('one', {act: () => world.interrupt.abort(failed('interrupted', 'interrupted'))})
      .step('two')
    expect((await world.run())?.code).to.equal('interrupted')
    expect(world.log).to.deep.equal(['one', 'undo one'])
  })

  it('cancels what the databases are doing, and begins to undo only when that has ended', async () => {
    const world: World = new World().step('one').step('two', {
      act: () => {
        world.interrupt.abort(failed('interrupted', 'interrupted'))
        throw new Error('the statement was cancelled')
      },
    })
    let ended = 0
    world.interrupted = async () => {
      await new Promise((done) => setTimeout(done, 50))
      ended = world.log.push('cancelled')
    }
    await world.run()
    expect(ended).to.be.above(0)
    expect(world.log).to.deep.equal(['one', 'two', 'cancelled', 'cancelled', 'undo two', 'undo one'])
  })

  it('cancels nothing when it ends well', async () => {
    const world = new World().step('one')
    world.interrupted = () => Promise.resolve(void world.log.push('cancelled'))
    await world.run()
    world.interrupt.abort()
    expect(world.log).to.deep.equal(['one'])
  })

  it('does and undoes nothing more once another operator has taken over', async () => {
    const world: World = new World().step('one', {act: () => void (world.held = false)}).step('two')
    const error = await world.run()
    expect(error?.message).to.include('somebody else has taken over')
    expect(world.log).to.deep.equal(['one'])
    expect(world.inEffect()).to.deep.equal(['one'])
  })

  it('brings a closed app back past the gate through a connection to the target that breaks, and not for somebody else', async () => {
    for (const [lost, held, code] of [
      [3, true, undefined],
      [3, false, 'stopped_after_gate'],
    ] as const) {
      let guard: (() => Promise<void>) | undefined
      const world: World = new World().step('open', {
        pointOfNoCheapReturn: true,
        act: async () => {
          ;[world.broken, world.held] = [lost, held]
          await guard!()
          world.log.push('maintenance off')
        },
      })
      world.heroku = {
        under: (_signal: AbortSignal, how?: {guard?: () => Promise<void>}) => ((guard = how?.guard), world.heroku),
      } as unknown as typeof silentHeroku
      const error = await world.run()
      expect(error?.code).to.equal(code)
      expect(world.log.includes('maintenance off')).to.equal(held)
    }
  })

  it('does not claim that nothing was touched when a step refuses inside the window', async () => {
    const refuses = () => Promise.reject(refused('not_ready', 'it is not ready'))
    const inside = await new World().step('one').step('two', {run: refuses}).run()
    expect(inside?.code).to.equal('not_ready')
    expect(inside?.oclif.exit).to.equal(1)
    const before = await new World().step('one', {window: 'before', run: refuses}).run()
    expect(before?.oclif.exit).to.equal(3)
  })

  it('gives the undoing a signal of its own, which the interruption has not reached', async () => {
    let aborted: boolean | undefined
    const undo: Step['undo'] = ({signal}) => {
      aborted = signal.aborted
      return Promise.resolve()
    }
    const world: World = new World()
      .step('one', {undo, act: () => world.interrupt.abort(failed('interrupted', 'interrupted'))})
      .step('two')
    expect((await world.run())?.code).to.equal('interrupted')
    expect(aborted).to.equal(false)
  })
})

describe('a run with a budget', () => {
  const untilAborted: Step['run'] = ({signal}) =>
    new Promise((_, reject) => {
      if (signal.aborted) reject(new Error('cancelled'))
      signal.addEventListener('abort', () => reject(new Error('cancelled')))
    })

  it('undoes everything when the window would exceed it, and says that it was the budget', async () => {
    const world = new World()
      .step('prepare', {window: 'before'})
      .step('close')
      .step('copy', {run: untilAborted})
      .step('open')
    world.budgetSeconds = 0.2
    const error = await world.run()
    expect(error?.code).to.equal('budget_exceeded')
    expect(error?.message).to.include('0.2 s')
    expect(world.told).to.deep.equal(['the window has been undone'])
    expect(world.log).to.deep.equal(['prepare', 'close', 'undo copy', 'undo close', 'undo prepare'])
  })

  it('keeps part of it for undoing', async () => {
    const world = new World().step('prepare', {window: 'before'}).step('copy', {run: untilAborted})
    world.budgetSeconds = 2
    const begun = performance.now()
    expect((await world.run())?.code).to.equal('budget_exceeded')
    expect(performance.now() - begun).to.be.within(1500, 1950)
  })

  it('counts from the beginning of the window, not of the preparations', async () => {
    const slow = () => new Promise<void>((done) => setTimeout(done, 400))
    const world = new World().step('prepare', {window: 'before', act: slow}).step('close').step('open')
    world.budgetSeconds = 0.3
    expect(await world.run()).to.equal(undefined)
  })

  it('counts the part of the window that a killed run has used', async () => {
    const world = new World().step('prepare', {window: 'before'}).step('close').step('copy', {run: untilAborted})
    world.effects.add('prepare').add('close')
    world.found('prepare').found('close', 'finished', new Date(Date.now() - 60_000))
    world.budgetSeconds = 61
    expect((await world.run())?.code).to.equal('budget_exceeded')
    expect(world.log).to.deep.equal(['undo copy', 'undo close', 'undo prepare'])
  })

  it('is forgotten once the gate is passed', async () => {
    const slow = () => new Promise<void>((done) => setTimeout(done, 400))
    const world = new World()
      .step('prepare', {window: 'before'})
      .step('close')
      .step('open', {pointOfNoCheapReturn: true, act: slow})
    world.budgetSeconds = 0.3
    expect(await world.run()).to.equal(undefined)
    expect(world.inEffect()).to.deep.equal(['prepare', 'close', 'open'])
  })
})

describe('a run past the point of no cheap return', () => {
  const last = {pointOfNoCheapReturn: true} as const

  it('undoes nothing by itself when that step fails, and says how to go on', async () => {
    const world = new World().step('one').step('open', {...last, ...breaks()})
    const error = await world.run()
    expect(error?.code).to.equal('stopped_after_gate')
    expect(error?.oclif.exit).to.equal(1)
    expect(error?.message).to.include('the disk is full')
    expect(error?.suggestions.join()).to.include('run the same command again').and.include('heroku rds:rollback')
    expect(world.log).to.deep.equal(['one', 'open'])
    expect(world.inEffect()).to.deep.equal(['one', 'open'])
  })

  it('looks at no earlier step again when it is resumed', async () => {
    const world = new World().step('one').step('two').step('open', last)
    world.found('one').found('two').found('open', 'started')
    expect(await world.run()).to.equal(undefined)
    expect(world.log).to.deep.equal(['open'])
  })

  it('does not let an interruption into that step', async () => {
    let aborted: boolean | undefined
    const world: World = new World().step('one').step('open', {
      ...last,
      run: ({signal}) => {
        world.interrupt.abort(failed('interrupted', 'interrupted'))
        aborted = signal.aborted
        return Promise.resolve('opened')
      },
    })
    expect(await world.run()).to.equal(undefined)
    expect(aborted).to.equal(false)
  })

  it('still undoes when the interruption came before that step', async () => {
    const world: World = new World()
      .step('one', {act: () => world.interrupt.abort(failed('interrupted', 'interrupted'))})
      .step('open', last)
    expect((await world.run())?.code).to.equal('interrupted')
    expect(world.log).to.deep.equal(['one', 'undo one'])
  })

  it('undoes nothing when a resumed run is interrupted at once', async () => {
    const world = new World().step('one').step('open', last)
    world.found('one').found('open', 'started')
    world.interrupt.abort(failed('interrupted', 'interrupted'))
    await world.run()
    expect(world.log.filter((entry) => entry.startsWith('undo'))).to.deep.equal([])
    expect(world.inEffect()).to.deep.equal(['one', 'open'])
  })

  it('undoes nothing when a later step fails', async () => {
    const world = new World()
      .step('one')
      .step('open', last)
      .step('after', {window: 'after', ...breaks()})
    const error = await world.run()
    expect(error?.message).to.include('the disk is full')
    expect(world.log).to.deep.equal(['one', 'open', 'after'])
    expect(world.inEffect()).to.include.members(['one', 'open'])
  })
})

describe('a rollback', () => {
  it('undoes what was started, newest first, and names it', async () => {
    const world = new World().step('one').step('two').step('three').step('four')
    world.found('one').found('two').found('three', 'started')
    expect(await world.rollback()).to.deep.equal(['Step three', 'Step two', 'Step one'])
    expect(world.log).to.deep.equal(['undo three', 'undo two', 'undo one'])
  })

  it('passes over what is undone already', async () => {
    const world = new World().step('one').step('two').step('three')
    world.found('one').found('two').found('three', 'undone')
    expect(await world.rollback()).to.deep.equal(['Step two', 'Step one'])
  })

  it('goes on where an earlier one stopped', async () => {
    let broken = true
    const world = new World().step('one').step('two', {
      undoAct: () => {
        if (broken) throw failed('stuck', 'Heroku does not answer')
      },
    })
    world.step('three').found('one').found('two').found('three')
    const error = await world.rollback().catch((thrown: RdsError) => thrown)
    expect((error as RdsError).code).to.equal('stuck')
    broken = false
    expect(await world.rollback()).to.deep.equal(['Step two', 'Step one'])
    expect(world.log).to.deep.equal(['undo three', 'undo two', 'undo two', 'undo one'])
  })

  it('ends steps that have nothing to undo without acting', async () => {
    const world = new World().step('one', {undo: 'nothing'}).found('one')
    expect(await world.rollback()).to.deep.equal(['Step one'])
    expect(world.log).to.deep.equal([])
    expect(world.inEffect()).to.deep.equal([])
  })

  it('refuses before touching anything when something cannot be undone', async () => {
    const world = new World().step('one').step('two', {undo: 'impossible'}).step('three')
    world.found('one').found('two', 'started').found('three')
    const error = (await world.rollback().catch((thrown: RdsError) => thrown)) as RdsError
    expect(error.oclif.exit).to.equal(3)
    expect(error.message).to.include('Step two cannot be undone')
    expect(world.log).to.deep.equal([])
    expect(world.inEffect()).to.deep.equal(['one', 'two', 'three'])
  })

  it('is not hindered by an impossible step that was never started', async () => {
    const world = new World().step('one').step('two', {undo: 'impossible'}).found('one')
    expect(await world.rollback()).to.deep.equal(['Step one'])
  })
})
