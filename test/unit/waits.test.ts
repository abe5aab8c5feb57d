import {setTimeout as delay} from 'node:timers/promises'

import {expect} from 'chai'

import {waitFor} from '../../src/lib/flow/wait.js'
import {asking, asks, asksLast, counted, uncounted} from '../../src/lib/flow/waits.js'
import type {Waits} from '../../src/lib/ports/ports.js'

const database = (milliseconds = 1) => asking('databases', () => delay(milliseconds))
const heroku = (milliseconds = 1) => asking('heroku', () => delay(milliseconds))

const waitsOf = (work: () => Promise<unknown>): Promise<Waits> => counted(async (soFar) => (await work(), soFar()))

describe('waits', () => {
  it('are the requests that follow one another', async () => {
    const waits = await waitsOf(async () => {
      await database()
      await database()
      await heroku()
    })
    expect(waits).to.deep.equal({databases: 2, heroku: 1, all: 3})
  })

  it('of requests side by side are those of the longest chain', async () => {
    const waits = await waitsOf(async () => {
      await Promise.all([database(), database(), heroku().then(() => heroku())])
      await database()
    })
    expect(waits).to.deep.equal({databases: 2, heroku: 2, all: 3})
  })

  it('begin when a request does: one that is still under way is no link', async () => {
    const waits = await waitsOf(async () => {
      const long = database(40)
      await database(1)
      await database(1)
      await long
    })
    expect(waits.databases).to.equal(2)
  })

  it('count one that fails', async () => {
    const waits = await waitsOf(() =>
      asking('databases', () => Promise.reject(new Error('it broke'))).catch(() => undefined),
    )
    expect(waits.databases).to.equal(1)
  })

  it('can be several trips, or none', async () => {
    const waits = await waitsOf(async () => {
      asks('databases')(6)
      asks('databases')(0)
      await database()
    })
    expect(waits.databases).to.equal(7)
  })

  it('of a part are counted in the whole, and those of others are not counted in the part', async () => {
    let part: Waits | undefined
    const whole = await waitsOf(async () => {
      await database()
      const others = (async () => {
        for (let n = 0; n < 5; n++) await database(2)
      })()
      part = await waitsOf(() => database(3))
      await others
    })
    expect(part).to.deep.equal({databases: 1, heroku: 0, all: 1})
    expect(whole.databases).to.equal(6)
  })

  it('of what is answered last begin when all has been sent, in the count in which it was asked', async () => {
    let answered = (): void => undefined
    const waits = await counted(async (soFar) => {
      answered = asksLast('databases')
      await database()
      await uncounted(() => Promise.resolve(answered()))
      return soFar()
    })
    expect(waits.databases).to.equal(2)
  })

  it('leave out the looks that a poll repeats', async () => {
    const clock = {now: () => new Date(), sleep: () => delay(1)}
    let looks = 0
    const waits = await waitsOf(async () => {
      await waitFor({clock, signal: new AbortController().signal}, {what: 'the third', seconds: 9}, async () => {
        await heroku()
        return ++looks === 3 || undefined
      })
      await heroku()
    })
    expect([looks, waits.heroku]).to.deep.equal([3, 2])
  })
})
