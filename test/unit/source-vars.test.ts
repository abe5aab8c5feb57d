import {expect} from 'chai'

import {fateOf, leadsTo, sourceVarsOf} from '../../src/lib/apps/source-vars.js'
import {Secret} from '../../src/lib/ports/secret.js'

const ADDRESS = {host: 'ec2-1.compute.amazonaws.com', database: 'd4x1', user: 'u1', password: new Secret('p@w')}
const URL = 'postgres://u1:p%40w@ec2-1.compute.amazonaws.com:5432/d4x1'

describe('a config var that leads to the source', () => {
  const leading: Record<string, string> = {
    'its URL': URL,
    'its URL of the other scheme, with parameters': `${URL.replace('postgres:', 'postgresql:')}?connection_limit=5`,
    'its URL in other capitals, with another port': URL.replace('ec2-1', 'EC2-1').replace('5432', '6432'),
    'its URL for another credential': 'postgres://reader:q@ec2-1.compute.amazonaws.com/d4x1',
    'a JDBC URL': 'jdbc:postgresql://ec2-1.compute.amazonaws.com:5432/d4x1?user=u1',
    'a DSN of libpq': 'host=ec2-1.compute.amazonaws.com dbname=d4x1 user=u1',
    'its password': 'p@w',
    'its password in a JSON': '{"pw": "p@w"}',
    'its host': 'ec2-1.compute.amazonaws.com',
    'its host and port, in capitals': 'EC2-1.compute.amazonaws.com:5432',
    'its URL with a host among the parameters': `${URL}?host=ec2-1.compute.amazonaws.com`,
    'its name': ' d4x1\n',
  }
  for (const [what, value] of Object.entries(leading)) {
    it(`is ${what}`, () => expect(leadsTo('PGANYTHING', new Secret(value), ADDRESS)).to.equal(true))
  }

  const others: Record<string, string> = {
    'another database of its host': 'postgres://u2:q@ec2-1.compute.amazonaws.com:5432/d4x2',
    'a database of that name elsewhere': 'postgres://u1:q@db.example.com/d4x1',
    'another service of its host': 'redis://:q@ec2-1.compute.amazonaws.com:6379',
    'a word that happens to be its name': 'd4x1',
    'a server with the same role and password': 'postgres://u1:p%40w@shard2.example.com/d4x1',
    nothing: '',
  }
  for (const [what, value] of Object.entries(others)) {
    it(`is not ${what}`, () => expect(leadsTo('RAILS_ENV', new Secret(value), ADDRESS)).to.equal(false))
  }

  it('is not every URL without a password, where the source has none', () => {
    const open = {...ADDRESS, password: new Secret('')}
    expect(sourceVarsOf({OTHER_URL: new Secret('postgres://u1@elsewhere/d9')}, [], open)).to.deep.equal([])
  })

  it('is told of with what sets it, and with whose rights it connects', () => {
    const attached = (name: string, namespace: string | null) => ({name, namespace, configVars: [`${name}_URL`]})
    const other = URL.replace('u1:p%40w', 'reader:q')
    const config = {
      DATABASE_URL: URL,
      PRIMARY_URL: `${URL}?pool=5`,
      REPORTS_URL: other,
      POOL_URL: URL.replace('5432', '6432'),
      ADVANCED_URL: URL,
      PGPASSWORD: 'p@w',
      COPY: other,
      REDIS_URL: 'redis://localhost',
      FOLLOWER_URL: URL.replace('ec2-1', 'ec2-2'),
      SHARD_2_URL: URL.replace('ec2-1', 'ec2-3'),
      POOL_BASTION_KEY: 'p@w',
    }
    const vars = sourceVarsOf(
      Object.fromEntries(Object.entries(config).map(([name, value]) => [name, new Secret(value)])),
      [
        attached('DATABASE', null),
        attached('REPORTS', 'credential:reader'),
        {...attached('POOL', 'connection-pooling:default'), configVars: ['POOL_BASTION_KEY', 'POOL_URL']},
        attached('ADVANCED', 'role:u1|pool:leader|proxy:false'),
        attached('UNREADABLE', null),
      ],
      ADDRESS,
      ['FOLLOWER_URL'],
    )
    expect(vars.map(({name, attachment, by}) => [name, attachment, by])).to.deep.equal([
      ['ADVANCED_URL', 'ADVANCED', 'owner'],
      ['COPY', null, 'credential'],
      ['DATABASE_URL', 'DATABASE', 'owner'],
      ['PGPASSWORD', null, 'unreadable'],
      ['POOL_URL', 'POOL', 'pooler'],
      ['PRIMARY_URL', null, 'owner'],
      ['REPORTS_URL', 'REPORTS', 'credential'],
      ['SHARD_2_URL', null, 'elsewhere'],
      ['UNREADABLE_URL', 'UNREADABLE', 'owner'],
    ])
    const fates = (keep: string[]) => vars.map((one) => fateOf(one, keep))
    expect(fates([])).to.deep.equal([
      'moved',
      'undecided',
      'moved',
      'undecided',
      'moved',
      'moved',
      'undecided',
      'undecided',
      'moved',
    ])
    expect(fates(['DATABASE_URL', 'COPY', 'PGPASSWORD']).slice(1, 4)).to.deep.equal(['kept', 'kept', 'kept'])
    expect(fateOf({name: 'DATABASE_URL', attachment: 'DATABASE', by: 'credential'}, [])).to.equal('moved')
    expect(fateOf({name: 'DATABASE_URL', attachment: null, by: 'unreadable'}, [])).to.equal('undecided')
  })
})
