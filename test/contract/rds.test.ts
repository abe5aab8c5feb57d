import {expect} from 'chai'

import {type Aws, startAws} from '../../sandbox/aws/rds-api.js'
import {rdsOf} from '../../src/lib/adapters/rds.js'
import type {RdsError} from '../../src/lib/errors.js'

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
