import {expect} from 'chai'

import {type Aws, startAws} from '../../sandbox/aws/rds-api.js'
import {rdsOf} from '../../src/lib/adapters/rds.js'
import type {RdsError} from '../../src/lib/ports/errors.js'

describe('The target at AWS', () => {
  let aws: Aws

  before(async () => {
    aws = await startAws({
      instances: [
        {identifier: 'shop-rds', port: 5433, engineVersion: '17.4', instanceClass: 'db.r7g.large', multiAz: true},
        {
          identifier: 'shop-1',
          clusterIdentifier: 'shop',
          engine: 'aurora-postgresql',
          port: 5434,
          engineVersion: '16.6',
        },
      ],
      clusters: [{identifier: 'shop', engine: 'aurora-postgresql', port: 5434, engineVersion: '16.6'}],
    })
    Object.assign(process.env, aws.env)
  })
  after(() => aws.stop())

  const refusalOf = async (id: string) => {
    try {
      await rdsOf('us-east-1').describe(id)
    } catch (error) {
      return error as RdsError
    }
    return expect.fail('it was found')
  }

  it('is found as an instance', async () => {
    const found = await rdsOf('us-east-1').describe('shop-rds')
    expect(found).to.include({id: 'shop-rds', engineVersion: '17.4', instanceClass: 'db.r7g.large', multiAz: true})
    expect(found.endpoint).to.deep.equal({host: 'localhost', port: 5433})
  })

  it('is found as an Aurora cluster, at its writer', async () => {
    const found = await rdsOf('us-east-1').describe('shop')
    expect(found).to.include({id: 'shop', engine: 'aurora-postgresql', engineVersion: '16.6'})
    expect(found.endpoint).to.deep.equal({host: 'localhost', port: 5434})
  })

  it('is found by where it answers, instance or cluster, and nothing is found elsewhere', async () => {
    const at = async (port: number) => (await rdsOf('us-east-1').find({host: 'LOCALHOST', port}))?.id
    expect([await at(5433), await at(5434), await at(5435)]).to.deep.equal(['shop-rds', 'shop', undefined])
  })

  it('can be had in every major that is new enough, with classes and extensions', async () => {
    const offers = await rdsOf('us-east-1').offers(16)
    expect(offers.map(({engine}) => engine)).to.deep.equal(['postgres', 'aurora-postgresql'])
    for (const {versions, classes, extensions} of offers) {
      expect(versions.map((version) => Number(version.split('.')[0]))).to.deep.equal(
        [...versions].map((version) => Number(version.split('.')[0])).sort((one, other) => other - one),
      )
      expect(versions.at(-1)).to.match(/^16\./)
      expect(classes).to.include('db.r7g.large')
      expect(extensions).to.include('citext')
    }
    expect((await rdsOf('us-east-1').offers(99)).map(({versions}) => versions)).to.deep.equal([[], []])
  })

  it('is refused in one sentence when nobody has logged in to AWS', async () => {
    const kept = {...process.env}
    delete process.env['AWS_ACCESS_KEY_ID']
    Object.assign(process.env, {
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
      AWS_CONFIG_FILE: '/nowhere',
    })
    const refusal = await refusalOf('shop-rds')
    process.env = kept
    expect(refusal.message).to.match(/^AWS could not be asked about shop-rds: Could not load credentials/)
    expect(refusal.oclif.exit).to.equal(3)
  })

  it('is refused in one sentence when there is none of that name', async () => {
    const refusal = await refusalOf('shop-typo')
    expect(refusal.message).to.equal('AWS knows no RDS instance or Aurora cluster shop-typo in us-east-1')
    expect(refusal.oclif.exit).to.equal(3)
  })

  it('is refused in one sentence when the role may not look', async () => {
    aws.faults.push({
      error: {status: 403, code: 'AccessDenied', message: 'User is not authorized to perform: rds:DescribeDBInstances'},
    })
    const refusal = await refusalOf('shop-rds')
    aws.faults.length = 0
    expect(refusal.message).to.contain('not authorized')
    expect(refusal.oclif.exit).to.equal(3)
  })
})
