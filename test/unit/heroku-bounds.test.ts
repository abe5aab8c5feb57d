import {expect} from 'chai'

import {endedBy} from '../../src/lib/adapters/heroku-bounds.js'

describe('Requests to Heroku that are under way together', () => {
  it('may be any number under one signal, which ends them all', async () => {
    const warnings: Error[] = []
    const note = (warning: Error) => void warnings.push(warning)
    process.on('warning', note)
    const stop = new AbortController()
    const never = new Promise<never>(() => undefined)
    const bounds = {milliseconds: 60_000, signal: stop.signal, prompt: () => undefined}
    const requests = Array.from({length: 50}, () => endedBy(never, bounds))
    stop.abort(new Error('stopped'))
    const ends = await Promise.allSettled(requests)
    await new Promise((next) => setImmediate(next))
    process.removeListener('warning', note)
    expect(ends.map((end) => end.status === 'rejected' && (end.reason as Error).message)).to.deep.equal(
      Array.from({length: 50}, () => 'stopped'),
    )
    expect(warnings).to.deep.equal([])
  })
})
