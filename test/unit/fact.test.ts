import {expect} from 'chai'

import {refused} from '../../src/lib/ports/errors.js'
import {attempt, Unread} from '../../src/lib/ports/fact.js'

describe('A fact that could not be read', () => {
  it('keeps the reason and the remedy, and shows only the reason as JSON', async () => {
    const fact = await attempt(() =>
      Promise.reject(refused('aws_expired', 'the login has expired', 'log in', 'or wait')),
    )
    expect(fact).to.be.instanceOf(Unread).and.to.include({message: 'the login has expired', remedy: 'log in; or wait'})
    expect(JSON.stringify(fact)).to.equal('{"unread":"the login has expired"}')
  })

  it('has no remedy where none is known', async () => {
    const fact = await attempt(() => Promise.reject(new Error('no route')))
    expect(fact).to.include({message: 'no route', remedy: undefined})
  })
})
