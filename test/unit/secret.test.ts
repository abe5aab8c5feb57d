import {Console} from 'node:console'
import {Writable} from 'node:stream'
import {format, inspect} from 'node:util'

import {expect} from 'chai'

import {Secret} from '../../src/lib/ports/secret.js'

const VALUE = 'swordfish-42'

const ways: Record<string, (secret: Secret) => unknown> = {
  String,
  'a template': (secret) => `url is ${secret}`,
  concatenation: (secret) => 'url is ' + String(secret),
  join: (secret) => [secret, secret].join(),
  JSON: (secret) => JSON.stringify({deep: [{secret}]}),
  'indented JSON': (secret) => JSON.stringify(secret, null, 2),
  'util.inspect': (secret) => inspect(secret),
  'util.inspect with everything shown': (secret) =>
    inspect({deep: {deeper: {secret}}}, {depth: Infinity, showHidden: true, getters: true}),
  'util.inspect without custom inspection': (secret) => inspect({secret}, {customInspect: false, showHidden: true}),
  'util.format %s %o %O %j': (secret) => format('%s %o %O %j', secret, secret, secret, secret),
  'an error message': (secret) => inspect(new Error(`failed at ${secret}`, {cause: secret})),
  'an error with it as a property': (secret) => inspect(Object.assign(new Error('failed'), {secret})),
  'Object.entries': (secret) => JSON.stringify([Object.entries(secret), Object.getOwnPropertyNames(secret)]),
  'a structured clone': (secret) => inspect(structuredClone({...secret})),
  'console.log': (secret) => {
    let printed = ''
    const stream = new Writable({write: (chunk, _, done) => done(void (printed += String(chunk)))})
    const out = new Console(stream)
    out.log(secret, [secret], {secret})
    out.table([{secret}])
    out.dir({secret}, {depth: null})
    return printed
  },
}

describe('a secret', () => {
  for (const [way, show] of Object.entries(ways)) {
    it(`does not show by ${way}`, () => expect(String(show(new Secret(VALUE)))).not.to.include(VALUE))
  }

  it('shows that something is hidden', () => {
    expect(`${new Secret(VALUE)}`).to.equal('[hidden]')
    expect(JSON.stringify({url: new Secret(VALUE)})).to.equal('{"url":"[hidden]"}')
    expect(inspect({url: new Secret(VALUE)})).to.equal('{ url: [hidden] }')
  })

  it('is handed on when asked by name', () => expect(new Secret(VALUE).reveal()).to.equal(VALUE))
})
