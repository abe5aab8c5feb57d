import {expect} from 'chai'

import {isOwners, isSameNamespace} from '../../src/lib/apps/namespaces.js'

describe('the namespace of an attachment', () => {
  const same: [one: string | null, other: string | null][] = [
    [null, null],
    [null, 'role:owner|pool:leader|proxy:false'],
    [null, 'pool:leader'],
    ['role:app', 'proxy:false|role:app|pool:leader'],
    ['credential:app', 'credential:app'],
    ['connection-pooling:default', 'connection-pooling:default'],
  ]
  for (const [one, other] of same) {
    it(`${one} is ${other}`, () => {
      expect(isSameNamespace(one, other)).to.equal(true)
      expect(isOwners(one)).to.equal(isOwners(other))
    })
  }

  const others: [one: string | null, other: string | null][] = [
    [null, 'credential:app'],
    [null, 'connection-pooling:default'],
    [null, 'pool:reports'],
    ['role:app', 'role:app|pool:reports'],
    ['role:app', 'credential:app'],
    ['proxy:true', null],
  ]
  for (const [one, other] of others) {
    it(`${one} is not ${other}`, () => expect(isSameNamespace(one, other)).to.equal(false))
  }

  it('is the owner’s only where nobody else is named', () => {
    const all = [null, 'role:owner', 'role:app', 'pool:reports', 'credential:app', 'connection-pooling:default']
    expect(all.map(isOwners)).to.deep.equal([true, true, false, false, false, false])
  })
})
