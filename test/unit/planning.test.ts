import {expect} from 'chai'

import {nextCommand, phaseFrom} from '../../src/lib/actions/phase.js'
import {choose} from '../../src/lib/assessment/choose.js'
import {windowOf} from '../../src/lib/assessment/window.js'
import {METHODS} from '../../src/lib/methods/index.js'
import type {Method} from '../../src/lib/methods/method.js'
import {runbookFor} from '../../src/lib/playbook.js'
import type {Assessment, Eligibility, Finding, MethodId} from '../../src/lib/ports/assessment.js'
import type {StepRecord} from '../../src/lib/ports/ports.js'
import type {Step} from '../../src/lib/runbook/step.js'

describe('the window by arithmetic', () => {
  const assessment = (bytes: string, indexBytes = '0') => ({source: {bytes, indexBytes}}) as Assessment
  const dumpRestore = METHODS.find(({id}) => id === 'dump-restore')!
  const changeCapture = METHODS.find(({id}) => id === 'change-capture')!

  it('is the sum of its terms, the method’s own first', () => {
    const method = {estimate: () => [{step: 'x', what: 'own', seconds: 7}]} as unknown as Method
    const {seconds, terms} = windowOf(method, assessment('0'))
    expect(terms[0]).to.deep.equal({step: 'x', what: 'own', seconds: 7})
    expect(terms.length).to.be.above(3)
    expect(seconds).to.equal(terms.reduce((sum, term) => sum + term.seconds, 0))
  })

  it('grows with the database for dump and restore only', () => {
    const hour = (method: Method, bytes: string) => windowOf(method, assessment(bytes)).seconds
    const [empty, twenty] = [hour(dumpRestore, '0'), hour(dumpRestore, String(20 * 1024 ** 3))]
    expect(twenty - empty).to.equal(3600 + 720)
    expect(hour(changeCapture, '0')).to.equal(hour(changeCapture, String(2n ** 60n)))
  })
})

describe('a window that has been measured', () => {
  const [dumpRestore] = METHODS
  const assessment = {source: {bytes: '30000000000', indexBytes: '10000000000'}} as Assessment

  it('shows what rows and indexes take, each by its share', () => {
    const {terms} = windowOf(dumpRestore!, assessment)
    expect(terms.slice(0, 2).map(({what}) => what)).to.deep.equal([
      'copy 20.00 GB of rows at 20 GB an hour',
      'build 10.00 GB of indexes at the same rate',
    ])
    expect(terms.some(({measured}) => measured)).to.equal(false)
  })

  it('takes the measurement of a step for its term, and leaves the others as assumed', () => {
    const assumed = windowOf(dumpRestore!, assessment)
    const {seconds, terms} = windowOf(dumpRestore!, assessment, {'copy-rows': 100, open: 7, 'claim-target': 1})
    expect(terms.filter(({measured}) => measured).map(({step, seconds: took}) => [step, took])).to.deep.equal([
      ['copy-rows', 100],
      ['open', 7],
    ])
    const before = assumed.terms.filter(({step}) => ['copy-rows', 'open'].includes(step))
    expect(seconds).to.equal(assumed.seconds - before.reduce((sum, term) => sum + term.seconds, 0) + 107)
  })

  it('has a term for no step that a runbook does not have', () => {
    for (const method of METHODS.filter(({available}) => available)) {
      const steps = runbookFor(method).map(({id}) => id)
      for (const {step} of windowOf(method, assessment).terms) expect(steps).to.include(step)
    }
  })
})

describe('the choice of the method', () => {
  const option = (method: MethodId, seconds: number, ...because: string[]): Eligibility => ({
    method,
    title: method.toUpperCase(),
    possible: because.length === 0,
    because,
    window: {seconds, pauseSeconds: seconds, terms: []},
  })
  const finding = (check: string, what: string, method: MethodId): Finding => ({
    check,
    level: 'warning',
    methods: [method],
    what,
    remedy: 'none',
  })

  it('is the simplest one where everything is possible', () => {
    const chosen = choose([option('dump-restore', 900), option('change-capture', 60)], [])
    expect(chosen).to.deep.equal({method: 'dump-restore', because: 'it is the simplest method and fits'})
  })

  it('passes over what does not fit the budget and what is not possible, and says so', () => {
    const options = [
      option('dump-restore', 901),
      option('change-capture', 60, 'privileges', 'and-more'),
      option('dms', 900),
    ]
    const findings = [finding('privileges', 'a table has no owner', 'change-capture')]
    expect(choose(options, findings, 900)).to.deep.equal({
      method: 'dms',
      because: 'DUMP-RESTORE does not fit the budget; CHANGE-CAPTURE is not possible: a table has no owner',
    })
  })

  it('is none where nothing fits', () => {
    const findings = [finding('logical-decoding', 'no slot', 'dms')]
    expect(choose([option('dump-restore', 901), option('dms', 1, 'logical-decoding')], findings, 900)).to.equal(
      undefined,
    )
    expect(choose([], [])).to.equal(undefined)
  })
})

describe('where a migration stands', () => {
  const step = (id: string, window: Step['window'], last?: true) =>
    ({id, window, ...(last ? {pointOfNoCheapReturn: last} : {})}) as Step
  const steps = [
    step('prepare', 'before'),
    step('close', 'inside'),
    step('move', 'inside'),
    step('open', 'inside', true),
  ]
  const record = (id: string, state: 'done' | 'started' | 'undone' = 'done'): StepRecord => ({
    step: id,
    startedAt: new Date(0),
    finishedAt: state === 'started' ? null : new Date(1),
    undoneAt: state === 'undone' ? new Date(2) : null,
    evidence: null,
    operator: 'somebody',
    waits: null,
  })
  const cases: [string, StepRecord[], number, string][] = [
    ['nothing was done', [], 1, 'not started'],
    ['an earlier attempt was rolled back', [], 2, 'rolled back'],
    ['only preparations were made', [record('prepare')], 1, 'prepared'],
    ['the window was entered', [record('prepare'), record('close', 'started')], 1, 'window'],
    [
      'the way out of the window was begun but not ended',
      [record('prepare'), record('close'), record('open', 'started')],
      1,
      'window',
    ],
    ['everything was done', [record('prepare'), record('close'), record('move'), record('open')], 1, 'live'],
    ['everything was undone within the attempt', [record('prepare', 'undone')], 2, 'rolled back'],
    ['the window was left again by undoing', [record('prepare'), record('close', 'undone')], 1, 'prepared'],
    ['only the opening was undone', [record('prepare'), record('close'), record('open', 'undone')], 1, 'window'],
  ]
  for (const [what, records, attempt, phase] of cases) {
    it(`is “${phase}” when ${what}`, () => expect(phaseFrom(steps, records, attempt)).to.equal(phase))
  }

  it('names one command to go on with', () => {
    expect(nextCommand('not started', 'shop')).to.equal('heroku rds:assess -a shop')
    expect(nextCommand('window', 'shop')).to.include('heroku rds:rollback -a shop')
  })
})
