import {expect} from 'chai'

import {connectionError} from '../../src/lib/adapters/connection-errors.js'
import {failed} from '../../src/lib/ports/errors.js'
import {isLostConnection} from '../../src/lib/postgres/lost-connection.js'

const withCode = (code: string) => Object.assign(new Error(`read ${code}`), {code})

describe('a lost connection', () => {
  for (const [what, error] of [
    ['a server that is stopped', withCode('57P01')],
    ['a server that crashes', withCode('57P02')],
    ['a server that starts', withCode('57P03')],
    ['an end without a word', new Error('Connection terminated unexpectedly')],
    ['an end that was noticed before', new Error('Client has encountered a connection error and is not queryable')],
    ['a socket that is gone', withCode('ECONNRESET')],
    ['a host without a route', withCode('EHOSTUNREACH')],
    ['a network without a route', withCode('ENETUNREACH')],
    ['an interface that is down', withCode('ENETDOWN')],
    ['a connection that could not be had', connectionError(withCode('ECONNREFUSED'), 'source', 'here')],
  ] as const) {
    it(`is ${what}`, () => expect(isLostConnection(error)).to.equal(true))
  }

  for (const [what, error] of [
    ['a statement that is wrong', withCode('42601')],
    ['a value that is taken', withCode('23505')],
    ['a certificate that nobody signed', connectionError(withCode('CERT_HAS_EXPIRED'), 'source', 'here')],
    ['a refusal of ours', failed('schema_changed', 'a column came')],
  ] as const) {
    it(`is not ${what}`, () => expect(isLostConnection(error)).to.equal(false))
  }
})
