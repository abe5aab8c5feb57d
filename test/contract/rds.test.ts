import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'

import {expect} from 'chai'

import {type Aws, startAws, throttled} from '../../sandbox/aws/rds-api.js'
import {rdsOf} from '../../src/lib/adapters/rds.js'
import type {RdsError} from '../../src/lib/ports/errors.js'

const host = (name: string) => `${name}.us-east-1.rds.amazonaws.com`

describe('The target at AWS', () => {
  const kept = {...process.env}
  let aws: Aws

  before(async () => {
    const aurora = {engine: 'aurora-postgresql', port: 5432, engineVersion: '16.14'} as const
    const multiAz = {engine: 'postgres', port: 5432, engineVersion: '18.4'} as const
    aws = await startAws({
      instances: [
        {identifier: 'shop-rds', port: 5433, engineVersion: '17.10', instanceClass: 'db.r7g.large', multiAz: true},
        {
          ...aurora,
          identifier: 'shop-1',
          clusterIdentifier: 'shop',
          address: host('shop-1.c0'),
          publiclyAccessible: false,
        },
        {
          ...aurora,
          identifier: 'shop-2',
          clusterIdentifier: 'shop',
          address: host('shop-2.c0'),
          instanceClass: 'db.r8g.xlarge',
        },
        ...['three-1', 'three-2', 'three-3'].map((identifier) => ({
          ...multiAz,
          identifier,
          clusterIdentifier: 'three',
          address: host(`${identifier}.c0`),
        })),
      ],
      clusters: [
        {
          ...aurora,
          identifier: 'shop',
          writer: 'shop-2',
          address: host('shop.cluster-c0'),
          readerAddress: host('shop.cluster-ro-c0'),
          customAddresses: [host('reports.cluster-custom-c0')],
          backupRetentionPeriod: 14,
        },
        {
          ...multiAz,
          identifier: 'three',
          address: host('three.cluster-c0'),
          readerAddress: host('three.cluster-ro-c0'),
          allocatedStorage: 400,
          publiclyAccessible: false,
        },
        {...aurora, identifier: 'empty', address: host('empty.cluster-c0')},
      ],
    })
  })
  beforeEach(() => void Object.assign(process.env, aws.env))
  afterEach(() => {
    process.env = {...kept}
    aws.faults.length = 0
    aws.denied.clear()
    aws.disabledRegions.clear()
    aws.expired = false
    aws.extensionsField = 'ParameterValue'
  })
  after(() => aws.stop())

  const refusalOf = async (asked: Promise<unknown>) => {
    try {
      await asked
    } catch (error) {
      return error as RdsError
    }
    return expect.fail('it was answered')
  }

  it('is found as an instance, whatever the case', async () => {
    const found = await rdsOf('us-east-1').describe('Shop-RDS')
    expect(found).to.include({id: 'shop-rds', clusterId: null, instanceClass: 'db.r7g.large', multiAz: true})
    expect(found.endpoint).to.deep.equal({host: 'localhost', port: 5433})
    expect(found).not.to.have.property('writer')
  })

  it('is found as an Aurora cluster: class and public access are those of its writer', async () => {
    const found = await rdsOf('us-east-1').describe('SHOP')
    expect(found).to.include({
      id: 'shop',
      clusterId: 'shop',
      engine: 'aurora-postgresql',
      aurora: true,
      instanceClass: 'db.r8g.xlarge',
      publiclyAccessible: true,
      backupRetentionDays: 14,
      status: 'available',
    })
    expect(found.endpoint).to.deep.equal({host: host('shop.cluster-c0'), port: 5432})
    expect(found.writer).to.deep.equal(found.endpoint)
  })

  it('is found as one instance of a cluster: what is set on the cluster is read from there', async () => {
    const found = await rdsOf('us-east-1').describe('shop-1')
    expect(found).to.include({
      id: 'shop-1',
      clusterId: 'shop',
      instanceClass: 'db.m8g.large',
      publiclyAccessible: false,
      backupRetentionDays: 14,
      deletionProtection: true,
    })
    expect(found.endpoint).to.deep.equal({host: host('shop-1.c0'), port: 5432})
    expect(found.writer!.host).to.equal(host('shop.cluster-c0'))
  })

  it('is found as a Multi-AZ DB cluster, which is not Aurora', async () => {
    const found = await rdsOf('us-east-1').describe('three')
    expect(found).to.include({
      clusterId: 'three',
      engine: 'postgres',
      aurora: false,
      multiAz: true,
      instanceClass: 'db.m6gd.large',
      allocatedGiB: 400,
      maxAllocatedGiB: null,
      publiclyAccessible: false,
    })
  })

  it('is found before it has an endpoint, or an instance', async () => {
    aws.instances.get('shop-rds')!.status = 'creating'
    const creating = await rdsOf('us-east-1').describe('shop-rds')
    expect(creating).to.include({status: 'creating'}).and.not.to.have.property('endpoint')
    aws.instances.get('shop-2')!.status = 'backing-up'
    expect((await rdsOf('us-east-1').describe('shop')).status).to.equal('backing-up')
    const empty = await rdsOf('us-east-1').describe('empty')
    expect(empty).to.include({
      status: 'without an instance',
      instanceClass: 'no instance yet',
      publiclyAccessible: false,
    })
    aws.instances.get('shop-rds')!.status = 'available'
    aws.instances.get('shop-2')!.status = 'available'
  })

  it('is found by where it answers, at every endpoint that AWS gives, and nothing is found elsewhere', async () => {
    const at = async (name: string, port = 5432) => {
      const found = await rdsOf('us-east-1').find({host: name, port})
      return found && `${found.id} ${found.clusterId ?? 'alone'}`
    }
    expect(await at('LOCALHOST', 5433)).to.equal('shop-rds alone')
    expect(await at('localhost', 5435)).to.equal(undefined)
    for (const name of ['shop.cluster-c0', 'shop.cluster-ro-c0', 'reports.cluster-custom-c0']) {
      expect(await at(host(name))).to.equal('shop shop')
    }
    expect(await at(host('shop-1.c0'))).to.equal('shop-1 shop')
    expect(await at(host('three.cluster-ro-c0'))).to.equal('three three')
    expect(await at(host('three-2.c0'))).to.equal('three-2 three')
  })

  it('can be had in every supported major that is new enough, with classes and extensions', async () => {
    for (const field of ['ParameterValue', 'AllowedValues'] as const) {
      aws.extensionsField = field
      const offers = await rdsOf('us-east-1').offers(16)
      expect(offers.map(({engine, versions}) => [engine, versions])).to.deep.equal([
        ['postgres', ['18.4', '17.10', '16.14']],
        ['aurora-postgresql', ['18.4', '17.10', '16.14']],
      ])
      for (const {classes, extensions} of offers) {
        expect(classes).to.include('db.r8g.large')
        expect(extensions).to.include('citext')
      }
    }
    expect((await rdsOf('us-east-1').offers(99)).map(({versions}) => versions)).to.deep.equal([[], []])
    const [inCanada] = await rdsOf('ca-central-1').offers(17)
    expect(inCanada!.classes).not.to.include('db.m8g.large')
  })

  it('is never offered in a major of paid Extended Support, even where the dates of support may not be read', async () => {
    for (const denied of [[], ['DescribeDBMajorEngineVersions']]) {
      for (const action of denied) aws.denied.add(action)
      const [rds] = await rdsOf('us-east-1').offers(12)
      expect(rds!.versions.join()).not.to.match(/(^|,)1[23]\./)
      expect(rds!.classes, 'of the first supported major').to.include('db.r8g.large')
    }
  })

  it('is waited for where AWS throttles, within a bound', async () => {
    const random = Math.random
    Math.random = () => 0
    try {
      const next = 1 + aws.calls.filter(({action}) => action === 'DescribeDBInstances').length
      for (const [n, code] of (['Throttling', 'ThrottlingException'] as const).entries()) {
        aws.faults.push({action: 'DescribeDBInstances', nth: next + n, error: throttled(code)})
      }
      expect((await rdsOf('us-east-1').describe('shop-rds')).id).to.equal('shop-rds')
      aws.faults.splice(0, 2, {error: throttled()})
      const before = aws.calls.length
      const refusal = await refusalOf(rdsOf('us-east-1').describe('shop-rds'))
      expect(aws.calls.length - before).to.equal(6)
      expect(refusal).to.include({code: 'aws_throttled'}).and.to.have.nested.property('oclif.exit', 4)
    } finally {
      Math.random = random
    }
  })

  const nobody = {
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
    AWS_PROFILE: '',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
    AWS_CONFIG_FILE: '/nowhere',
  }
  const refusals: {
    when: string
    prepare?: () => unknown
    env?: Record<string, string>
    region?: string
    id?: string
    code: string
    exit: number
    says: RegExp
    remedy: RegExp
  }[] = [
    {
      when: 'nobody has logged in to AWS',
      env: nobody,
      code: 'aws_credentials',
      exit: 3,
      says: /there are no AWS credentials here$/,
      remedy: /aws sso login/,
    },
    {
      when: 'the login has expired',
      prepare: () => (aws.expired = true),
      code: 'aws_expired',
      exit: 3,
      says: /the AWS login has expired$/,
      remedy: /log in again/,
    },
    {
      when: 'AWS does not know the key',
      env: {AWS_ACCESS_KEY_ID: 'AKIANOBODY'},
      code: 'aws_credentials',
      exit: 3,
      says: /does not know the access key/,
      remedy: /AWS_PROFILE/,
    },
    {
      when: 'the region is not enabled',
      prepare: () => aws.disabledRegions.add('us-east-1'),
      code: 'aws_credentials',
      exit: 3,
      says: /has not enabled region us-east-1/,
      remedy: /--region/,
    },
    {
      when: 'the secret key is another one',
      env: {AWS_SECRET_ACCESS_KEY: 'hunter2hunter2'},
      code: 'aws_credentials',
      exit: 3,
      says: /the secret key does not belong to the access key/,
      remedy: /AWS_SECRET_ACCESS_KEY/,
    },
    {
      when: 'the role has not the right',
      prepare: () => aws.denied.add('DescribeDBInstances'),
      code: 'aws_forbidden',
      exit: 3,
      says: /user\/sandbox is not authorized to perform: rds:DescribeDBInstances/,
      remedy: /AmazonRDSReadOnlyAccess/,
    },
    {
      when: 'no region is named',
      env: {...nobody, AWS_REGION: '', AWS_DEFAULT_REGION: ''},
      region: '',
      code: 'aws_region',
      exit: 2,
      says: /no AWS region is named$/,
      remedy: /--region us-east-1/,
    },
    {
      when: 'the region cannot be one',
      region: 'Frankfurt am Main',
      code: 'aws_region',
      exit: 2,
      says: /Frankfurt am Main is no AWS region$/,
      remedy: /--region/,
    },
    {
      when: 'the instance is in another region',
      region: 'eu-west-1',
      code: 'no_such_instance',
      exit: 3,
      says: /^AWS knows no RDS instance or DB cluster shop-rds in eu-west-1$/,
      remedy: /--region/,
    },
    {
      when: 'there is none of that name',
      id: 'shop-typo',
      code: 'no_such_instance',
      exit: 3,
      says: /^AWS knows no RDS instance or DB cluster shop-typo in us-east-1$/,
      remedy: /--target/,
    },
    {
      when: 'there cannot be one of that name',
      id: 'shop_typo',
      code: 'no_such_instance',
      exit: 3,
      says: /shop_typo/,
      remedy: /--target/,
    },
    {
      when: 'nothing answers',
      env: {AWS_ENDPOINT_URL: 'http://127.0.0.1:1'},
      code: 'aws_unavailable',
      exit: 4,
      says: /ECONNREFUSED/,
      remedy: /network/,
    },
  ]
  for (const {when, prepare, env = {}, region = 'us-east-1', id = 'shop-rds', code, exit, says, remedy} of refusals) {
    it(`is refused in one sentence, with a remedy and without a secret, when ${when}`, async () => {
      prepare?.()
      Object.assign(process.env, env)
      const refusal = await refusalOf(rdsOf(region || undefined).describe(id))
      expect({code: refusal.code, exit: refusal.oclif.exit}).to.deep.equal({code, exit})
      expect(refusal.message).to.match(says).and.not.to.contain('\n')
      expect(refusal.suggestions.join(' ')).to.match(remedy)
      expect(`${refusal.message} ${refusal.suggestions.join(' ')}`).not.to.match(/hunter2|AKIA/)
    })
  }

  it('is not taken to be missing when something else than AWS answers', async () => {
    const portal = createServer((_request, response) => void response.end('<html>Please log in to the wifi</html>'))
    await new Promise<void>((resolve) => portal.listen(0, '127.0.0.1', resolve))
    process.env['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${(portal.address() as AddressInfo).port}`
    const refusals = await Promise.all([
      refusalOf(rdsOf('us-east-1').describe('shop-rds')),
      refusalOf(rdsOf('us-east-1').find({host: 'localhost', port: 5433})),
      refusalOf(rdsOf('us-east-1').offers(16)),
    ])
    portal.closeAllConnections()
    await new Promise((resolve) => portal.close(resolve))
    for (const refusal of refusals) {
      expect(refusal).to.include({code: 'aws_unavailable'}).and.to.have.nested.property('oclif.exit', 4)
      expect(refusal.message).to.contain('what answered is not the RDS API')
    }
  })
})
