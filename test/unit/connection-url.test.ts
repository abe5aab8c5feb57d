import {expect} from 'chai'
import pgConnectionString from 'pg-connection-string'

import {
  bareUrl,
  connectionPartsOf,
  parseConnectionUrl,
  withOption,
  withPassword,
} from '../../src/lib/postgres/connection-url.js'
import type {RdsError} from '../../src/lib/ports/errors.js'
import {Secret} from '../../src/lib/ports/secret.js'

const parse = (url: string) => parseConnectionUrl(new Secret(url), 'RDS_DATABASE_URL')
const partsOf = (url: string) => {
  const {password, parameters, ...parts} = parse(url)
  return {...parts, password: password.reveal(), parameters: Object.fromEntries(parameters)}
}
const usual = {host: 'db.example.com', port: 5432, database: 'app', user: 'shop', password: 'secret', parameters: {}}

const hostile = [
  'p:w',
  'p@w',
  'p/w',
  'p%w',
  'p%41w',
  "p'w",
  'p"w',
  'p w',
  'p?w#x',
  'p&a=b',
  'p+w',
  'p\\w',
  'ß €🐘',
  '$HOME',
  '!*()~[]',
  ':@/%\'" ?#&',
]

describe('a connection URL', () => {
  const table: Record<string, [string, Partial<typeof usual> & {parameters?: Record<string, string>}]> = {
    'with everything': ['postgres://shop:secret@db.example.com:6432/app', {port: 6432}],
    'without a port': ['postgres://shop:secret@db.example.com/app', {}],
    'of the other scheme': ['postgresql://shop:secret@db.example.com/app', {}],
    'with query parameters': [
      'postgres://shop:secret@db.example.com/app?sslmode=verify-full&sslrootcert=%2Fetc%2Fca%20file.pem',
      {parameters: {sslmode: 'verify-full', sslrootcert: '/etc/ca file.pem'}},
    ],
    'without a password': ['postgres://shop@db.example.com/app', {password: ''}],
    'with percent-encoded user and database': [
      'postgres://sh%40op:secret@db.example.com/my%20app%2Fone',
      {user: 'sh@op', database: 'my app/one'},
    ],
    'with a raw space and quotes in the password': [
      `postgres://shop:a b'c"d@db.example.com/app`,
      {password: `a b'c"d`},
    ],
    'with colons and at signs left as they are in the password': [
      'postgres://shop:a:b@c@db.example.com/app',
      {password: 'a:b@c'},
    ],
  }
  for (const [what, [url, differs]] of Object.entries(table)) {
    it(`${what} is taken apart`, () => expect(partsOf(url)).to.deep.equal({...usual, ...differs}))
  }

  for (const password of hostile) {
    it(`carries the password ${JSON.stringify(password)} to whoever reads it next`, () => {
      const login = `${encodeURIComponent(password)}:${encodeURIComponent(password)}`
      const parts = parse(`postgres://${login}@db.example.com:5433/Gr%C3%B6%C3%9Fe%20%25?sslmode=require`)
      expect(parts.password.reveal()).to.equal(password)
      const bare = bareUrl(parts).reveal()
      expect(bare).not.to.match(/[\s'"`$\\?#]/)

      const again = new URL(bare)
      const read = [again.username, again.password, again.pathname.slice(1)].map(decodeURIComponent)
      expect(read).to.deep.equal([password, password, 'Größe %'])
      expect(pgConnectionString.parse(bare)).to.deep.include({
        host: 'db.example.com',
        port: '5433',
        user: password,
        password,
        database: 'Größe %',
      })
      expect(bareUrl(parse(bare)).reveal()).to.equal(bare)
    })
  }

  const bad = [
    '',
    'nonsense',
    'db.example.com:5432/app',
    'mysql://shop:secret@db.example.com/app',
    'https://shop:secret@db.example.com/app',
    'postgres://shop:secret@db.example.com',
    'postgres://shop:secret@db.example.com/',
    'postgres://db.example.com/app',
    'postgres://shop:secret@/app',
    'postgres://shop:secret@db.example.com:port/app',
    'postgres://shop:sec/ret@db.example.com/app',
    'postgres://shop:sec#ret@db.example.com/app',
    'postgres://shop:100%secret@db.example.com/app',
    'postgres://shop:secret%@db.example.com/app',
    'postgres://sh%zzop:secret@db.example.com/app',
    'postgres://shop:secret@db.example.com/a%pp',
  ]
  for (const url of bad) {
    it(`is refused as wrong usage, without being shown, when it is ${JSON.stringify(url)}`, () => {
      let error: RdsError | undefined
      try {
        parse(url)
      } catch (thrown) {
        error = thrown as RdsError
      }
      expect(error?.oclif?.exit, String(error)).to.equal(2)
      expect(error?.message).to.include('RDS_DATABASE_URL')
      expect(`${error?.message} ${error?.stack} ${error?.suggestions.join(' ')}`).not.to.match(/secret|sec.ret/)
    })
  }

  it('takes one more setting of the session beside its own', () => {
    const url = 'postgres://u:p@h:5432/d'
    const more = (given: string) => withOption(new Secret(given), '-c b=2').reveal()
    expect(more(url)).to.equal(`${url}?options=-c%20b%3D2`)
    expect(more(`${url}?options=-c%20a%3D1&sslmode=verify-full`)).to.equal(
      `${url}?sslmode=verify-full&options=-c%20a%3D1%20-c%20b%3D2`,
    )
  })

  for (const name of ['host', 'hostaddr', 'port', 'dbname', 'user', 'password', 'service']) {
    it(`that leads elsewhere by ${name} among its parameters is none`, () => {
      expect(connectionPartsOf(new Secret(`postgres://u:p@h/d?a=b&${name}=other`))).to.equal(undefined)
    })
  }

  it('has an IPv6 host without its brackets, and with them for others', () => {
    const parts = parse('postgres://u:p@[2001:db8::1]:6432/d')
    expect(parts.host).to.equal('2001:db8::1')
    expect(bareUrl(parts).reveal()).to.equal('postgres://u:p@[2001:db8::1]:6432/d')
  })

  for (const [given, changed] of [
    ['postgres://u:old@h:5432/d?a=b@c/d', 'postgres://u:n%40w@h:5432/d?a=b@c/d'],
    ['postgresql://u%3A:o:l@d@h/d', 'postgresql://u%3A:n%40w@h/d'],
    ['postgres://u@h/d', 'postgres://u:n%40w@h/d'],
    ['postgres://u:n@w@h/d', 'postgres://u:n@w@h/d'],
  ] as const) {
    it(`${given} takes another password, and nothing else changes`, () => {
      expect(withPassword(new Secret(given), new Secret('n@w')).reveal()).to.equal(changed)
    })
  }
})
