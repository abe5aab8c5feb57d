import {expect} from 'chai'

import {timed} from '../../src/lib/assessment/facts/distance.js'
import nearer from '../../src/lib/assessment/checks/nearer.js'
import type {Subject} from '../../src/lib/assessment/check.js'
import {windowOf} from '../../src/lib/assessment/window.js'
import {expectedCopy} from '../../src/lib/copy/estimate.js'
import {METHODS} from '../../src/lib/methods/index.js'
import type {Assessment, Copy, Distance, SourceFacts} from '../../src/lib/ports/assessment.js'
import {Unread} from '../../src/lib/ports/fact.js'
import type {Clock, Heroku} from '../../src/lib/ports/ports.js'

const method = (id: string) => METHODS.find((one) => one.id === id)!
const line = (roundTripSeconds: number, bytesPerSecond = 1e6) => ({roundTripSeconds, bytesPerSecond})
const distance: Distance = {source: line(0.02), target: line(0.1), herokuSeconds: 0.5}
const source = {bytes: '30000000000', indexBytes: '10000000000'} as SourceFacts
const assessment = (changes: Partial<Assessment> = {}) => ({source, distance, ...changes}) as Assessment

describe('A window at a distance', () => {
  it('waits for the farther database as often as a window is allowed to, and for Heroku', () => {
    const near = windowOf(method('change-capture'), {source})
    const far = windowOf(method('change-capture'), assessment())
    expect(far.distanceSeconds).to.be.closeTo(60 * 0.1 + 10 * 0.5, 1e-9)
    expect(far.seconds).to.be.closeTo(near.seconds + far.distanceSeconds!, 1e-9)
    expect(far.seconds).to.be.closeTo(
      far.terms.reduce((sum, {seconds}) => sum + seconds, 0),
      1e-9,
    )
    expect(near).not.to.have.property('distanceSeconds')
  })

  it('does not add to what an earlier run has measured, which waited too', () => {
    const measured = {'stop-writers': 7, 'switch-apps': 8}
    const {terms, distanceSeconds} = windowOf(method('change-capture'), assessment(), measured)
    expect(terms.find(({step}) => step === 'stop-writers')).to.include({seconds: 7, measured: true})
    expect(distanceSeconds).to.be.closeTo(44 * 0.1 + 4 * 0.5, 1e-9)
  })

  it('counts only the lines that could be measured', () => {
    const unread = new Unread('no')
    const some = windowOf(method('change-capture'), assessment({distance: {...distance, target: unread}}))
    expect(some.distanceSeconds).to.be.closeTo(60 * 0.02 + 10 * 0.5, 1e-9)
    const none = windowOf(method('change-capture'), assessment({distance: {source: unread, herokuSeconds: 0.5}}))
    expect(none.distanceSeconds).to.be.closeTo(10 * 0.5, 1e-9)
  })

  it('has a write pause from the freeze to the gate', () => {
    const {pauseSeconds, terms} = windowOf(method('change-capture'), assessment())
    const outside = terms.filter(({step}) => step === 'stop-writers' || step === 'open')
    expect(outside).to.have.lengthOf(2)
    const paused = terms.filter((term) => !outside.includes(term))
    expect(pauseSeconds).to.be.closeTo(
      paused.reduce((sum, {seconds}) => sum + seconds, 0),
      1e-9,
    )
  })

  const copy: Copy = {bytes: 12e9, bytesPerSecond: 1e6, seconds: 13_000, nearSeconds: 750}

  it('takes the line for the rate of dump and restore where it is slower than the servers, and only there', () => {
    const rows = (changes: Partial<Assessment>) =>
      windowOf(method('dump-restore'), {source, ...changes}).terms.find(({step}) => step === 'copy-rows')
    expect(rows({copy})).to.deep.equal({
      step: 'copy-rows',
      what: 'copy 20.00 GB of rows over a line of 1.0 MB/s',
      seconds: 12_000,
    })
    const usual = rows({})
    expect(usual!.what).to.equal('copy 20.00 GB of rows at 20 GB an hour')
    for (const other of [{...copy, bytesPerSecond: 1e9}, {...copy, bytesPerSecond: null}, new Unread('no')])
      expect(rows({copy: other})).to.deep.equal(usual)
  })
})

describe('The time that a copy is expected to take', () => {
  const contents = {sent: 1e9, rows: 1.2e9, indexes: 0.8e9, largestIndexes: 0.4e9}
  const means = {bytesPerSecond: 2e6, roundTripSeconds: 0, tables: 10, jobs: 2}

  it('is what the line takes for the rows, and the indexes of the largest table after it', () => {
    const {seconds, bytes, bytesPerSecond} = expectedCopy(contents, means)
    expect(seconds).to.be.closeTo(500 + 0.4e9 / 40e6, 1e-6)
    expect({bytes, bytesPerSecond}).to.deep.equal({bytes: 1e9, bytesPerSecond: 2e6})
  })

  it('is what the servers take where the line carries more, or was not measured', () => {
    for (const bytesPerSecond of [1e9, null]) {
      const {seconds, nearSeconds} = expectedCopy(contents, {...means, bytesPerSecond})
      expect(seconds).to.be.closeTo(2e9 / 40e6, 1e-6)
      expect(nearSeconds).to.equal(seconds)
    }
    expect(expectedCopy(contents, {...means, bytesPerSecond: null, jobs: 8}).seconds).to.be.closeTo(12.5, 1e-6)
  })

  it('grows with the waits of a distant server, and with the tables they are for', () => {
    const waiting = (tables: number) =>
      expectedCopy(contents, {...means, roundTripSeconds: 1, tables}).seconds - expectedCopy(contents, means).seconds
    expect(waiting(0)).to.be.above(10)
    expect(waiting(1000) - waiting(0)).to.be.within(20, 100)
  })
})

describe('A machine that is nearer', () => {
  const found = (copy: Copy, facts: Partial<SourceFacts> = {}) => {
    const sourceFacts = {largest: [{rows: 1e6}], ...facts} as SourceFacts
    return nearer.inspect({distance, copy, sourceFacts} as Subject) as {what: string}[]
  }
  const copy: Copy = {bytes: 1e9, bytesPerSecond: 1e6, seconds: 1000, nearSeconds: 200}

  it('is worth a word where it saves more than it takes to start one', () => {
    expect(found(copy)).to.deep.equal([])
    const [slow] = found({...copy, bytes: 10e9, seconds: 10_000})
    expect(slow!.what).to.equal(
      'the copy of 10.0 GB takes about 2 h 46 min over the line of this machine, which carries 1.0 MB/s, and about 3 min 20 s beside the databases',
    )
  })

  it('is worth a word where the app writes more than the line carries', () => {
    const writing = (rowsPerSecond: number) => ({activity: {seconds: 2, rowsPerSecond, commitsPerSecond: 1}})
    expect(found(copy, writing(900))).to.deep.equal([])
    const [behind] = found(copy, writing(3000))
    expect(behind!.what).to.match(/^3\.0 MB of rows are written a second, more than .* 1\.0 MB\/s: /)
  })

  it('is none of our business where nothing was measured', () => {
    expect(nearer.inspect({} as Subject)).to.deep.equal([])
    expect(found({...copy, bytesPerSecond: null, seconds: 1e6})).to.deep.equal([])
  })
})

describe('The time of a request to Heroku', () => {
  it('is the median of those that are made anyway', async () => {
    let now = 0
    const clock = {now: () => new Date(now)} as Clock
    const answers = [100, 900, 300, 200, 400]
    const slowly = () => {
      now += answers.shift()!
      return Promise.resolve([])
    }
    const given = {app: slowly, dynos: slowly, formation: slowly, latestRelease: slowly} as unknown as Heroku
    const {heroku, median} = timed(given, clock)
    expect(median()).to.equal(0)
    await heroku.app('shop')
    await heroku.dynos('shop')
    await heroku.formation('shop')
    await heroku.latestRelease('shop')
    await heroku.app('shop')
    expect(median()).to.equal(0.3)
  })
})
