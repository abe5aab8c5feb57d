import {expect} from 'chai'

import {type Aws, startAws} from '../../sandbox/aws/rds-api.js'
import type {Options} from '../../src/lib/open/options.js'
import {openTarget} from '../../src/lib/open/target.js'
import type {RdsError} from '../../src/lib/ports/errors.js'

describe('The target that an operator names with --target', () => {
  const kept = {...process.env}
  let aws: Aws

  before(async () => {
    const aurora = {engine: 'aurora-postgresql', engineVersion: '16.14', port: 1} as const
    aws = await startAws({
      instances: [
        {...aurora, identifier: 'shop-1', clusterIdentifier: 'shop', address: 'shop-1.c0.localhost'},
        {identifier: 'new', engineVersion: '17.10', port: 1, status: 'creating'},
      ],
      clusters: [{...aurora, identifier: 'shop', address: '127.0.0.1'}],
    })
  })
  beforeEach(() => {
    Object.assign(process.env, aws.env, {RDS_DATABASE_URL: 'postgres://app:hunter2@127.0.0.1:1/app'})
  })
  afterEach(() => {
    process.env = {...kept}
    aws.expired = false
  })
  after(() => aws.stop())

  const outcome = async (named: string | undefined, options: Partial<Options> = {}) => {
    const closable: {close(): Promise<void>}[] = []
    try {
      await openTarget({app: 'shop', region: 'us-east-1', ...options} as Options, named, closable as never)
    } catch (error) {
      const {code, message, suggestions} = error as RdsError
      return {code, said: [message, ...suggestions].join('\n')}
    } finally {
      await Promise.all(closable.map((one) => one.close()))
    }
    return expect.fail('nothing listens there')
  }

  it('must be where RDS_DATABASE_URL leads', async () => {
    const {code, said} = await outcome('shop-1')
    expect(code).to.equal('target_mismatch')
    expect(said).to.contain('leads to 127.0.0.1, the endpoint of shop-1 is shop-1.c0.localhost')
    expect((await outcome('SHOP')).code, 'it is the one, and then it is connected to').to.equal('target_unreachable')
    process.env['RDS_DATABASE_URL'] = 'postgres://app:hunter2@SHOP-1.c0.localhost:1/app'
    expect((await outcome('shop-1')).code, 'host names have no case').to.equal('target_unreachable')
  })

  it('is not taken before it has an endpoint', async () => {
    const {code, said} = await outcome('new')
    expect(code).to.equal('no_endpoint')
    expect(said).to.contain('new is creating and has no endpoint yet')
  })

  it('is not taken without an answer of AWS, but by commands that only read', async () => {
    aws.expired = true
    expect((await outcome('shop')).code).to.equal('aws_expired')
    expect((await outcome('shop', {reading: true})).code).to.equal('target_unreachable')
  })

  it('was held against the endpoint when it was named: the way back asks nothing of AWS', async () => {
    aws.expired = true
    const before = aws.calls.length
    expect((await outcome(undefined, {target: 'shop'})).code).to.equal('target_unreachable')
    expect(aws.calls.length).to.equal(before)
  })
})
