import {expect} from 'chai'

import {persist} from '../../src/lib/flow/persist.js'

describe('Work that is tried again', () => {
  /** A clock on which nothing but the pauses takes time. */
  function clockOf(pauses: number[]) {
    let now = 0
    return {
      now: () => new Date(now),
      sleep: (milliseconds: number, signal?: AbortSignal) => {
        signal?.throwIfAborted()
        pauses.push(milliseconds)
        now += milliseconds
        return Promise.resolve()
      },
    }
  }
  const {signal} = new AbortController()
  const always = {signal, passes: () => true, tell: () => undefined}

  it('pauses longer and longer, up to five seconds, and briefly again once it has advanced', async () => {
    const pauses: number[] = []
    let tries = 0
    const result = await persist({...always, clock: clockOf(pauses)}, (advanced) => {
      tries++
      if (tries === 7) advanced()
      if (tries <= 8) throw new Error(`failure ${tries}`)
      return Promise.resolve('done')
    })
    expect(result).to.equal('done')
    expect(pauses).to.deep.equal([500, 1000, 2000, 4000, 5000, 5000, 500, 1000])
  })

  it('ends with the failure that does not pass, and knows for how long it has been failing', async () => {
    const told: unknown[] = []
    const ages: number[] = []
    const failing = persist(
      {
        ...always,
        clock: clockOf([]),
        passes: (_, failingMs) => ages.push(failingMs) < 4,
        tell: (error) => told.push((error as Error).message),
      },
      () => Promise.reject(new Error(`failure ${ages.length + 1}`)),
    )
    const error = await failing.catch((reason: unknown) => reason)
    expect((error as Error).message).to.equal('failure 4')
    expect(told).to.deep.equal(['failure 1', 'failure 2', 'failure 3'])
    expect(ages).to.deep.equal([0, 500, 1500, 3500])
  })

  it('does not begin once it is aborted, and does not go on', async () => {
    const stop = new AbortController()
    let tries = 0
    const work = () => {
      tries++
      stop.abort(new Error('stopped'))
      return Promise.reject(new Error('failed'))
    }
    const first = await persist({...always, signal: stop.signal, clock: clockOf([])}, work).catch((e: unknown) => e)
    expect((first as Error).message).to.equal('failed')
    const second = await persist({...always, signal: stop.signal, clock: clockOf([])}, work).catch((e: unknown) => e)
    expect((second as Error).message).to.equal('stopped')
    expect(tries).to.equal(1)
  })
})
