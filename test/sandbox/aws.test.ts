import {
  DescribeDBClustersCommand,
  DescribeDBEngineVersionsCommand,
  DescribeDBInstancesCommand,
  DescribeDBMajorEngineVersionsCommand,
  DescribeDBParametersCommand,
  DescribeEngineDefaultParametersCommand,
  DescribeOrderableDBInstanceOptionsCommand,
  paginateDescribeDBEngineVersions,
  paginateDescribeOrderableDBInstanceOptions,
  RDSClient,
  type DBCluster,
  type DBEngineVersion,
  type DBInstance,
  type DescribeDBEngineVersionsCommandInput,
  type RDSServiceException,
} from '@aws-sdk/client-rds'
import {expect} from 'chai'
import {startAws, throttled, type Aws} from '../../sandbox/aws/rds-api.js'

describe('sandbox: the RDS API', () => {
  let aws: Aws
  let client: RDSClient

  before(async () => {
    aws = await startAws({
      instances: [
        {identifier: 'Acme', port: 15_432, engineVersion: '17.9', databaseName: 'app', tags: {app: 'shop & more'}},
        ...['a', 'b'].map((name) => ({
          identifier: `blue-${name}`,
          port: 15_433,
          engine: 'aurora-postgresql' as const,
          engineVersion: '16.14',
          clusterIdentifier: 'Blue',
          parameterGroup: 'blue-parameters',
        })),
        ...['1', '2', '3'].map((name) => ({
          identifier: `green-${name}`,
          port: 15_434,
          engineVersion: '18.4',
          clusterIdentifier: 'green',
        })),
      ],
      clusters: [
        {
          identifier: 'Blue',
          engine: 'aurora-postgresql',
          engineVersion: '16.14',
          port: 15_433,
          writer: 'Blue-B',
          address: 'blue.cluster-c0ffee.us-east-1.rds.amazonaws.com',
          readerAddress: 'blue.cluster-ro-c0ffee.us-east-1.rds.amazonaws.com',
          customAddresses: ['reports.cluster-custom-c0ffee.us-east-1.rds.amazonaws.com'],
        },
        {identifier: 'green', engine: 'postgres', engineVersion: '18.4', port: 15_434},
      ],
    })
    client = newClient()
  })

  after(async () => {
    client.destroy()
    await aws.stop()
  })

  afterEach(() => {
    aws.faults.splice(0)
    aws.denied.clear()
    aws.disabledRegions.clear()
    aws.expired = false
  })

  it('describes an instance', async () => {
    const {DBInstances} = await client.send(new DescribeDBInstancesCommand({DBInstanceIdentifier: 'acme'}))
    expect(DBInstances).to.have.length(1)
    expect(DBInstances![0]).to.deep.include({
      DBInstanceIdentifier: 'acme',
      DBInstanceStatus: 'available',
      Engine: 'postgres',
      EngineVersion: '17.9',
      Endpoint: {Address: 'localhost', Port: 15_432, HostedZoneId: 'Z2R2ITUGPM61AM'},
      AllocatedStorage: 100,
      StorageType: 'gp3',
      MultiAZ: false,
      PubliclyAccessible: true,
      DBName: 'app',
      BackupRetentionPeriod: 7,
      DeletionProtection: true,
      CACertificateIdentifier: 'rds-ca-rsa2048-g1',
      DBParameterGroups: [{DBParameterGroupName: 'default.postgres17', ParameterApplyStatus: 'in-sync'}],
      TagList: [{Key: 'app', Value: 'shop & more'}],
    })
    expect(DBInstances![0]!.CertificateDetails!.ValidTill).to.be.instanceOf(Date)
  })

  it('shows what was changed', async () => {
    aws.instances.get('acme')!.status = 'modifying'
    expect((await instance('acme')).DBInstanceStatus).to.equal('modifying')
    aws.instances.get('acme')!.status = 'available'
  })

  it('stores names in lower case, and finds them whatever the case', async () => {
    expect((await instance('ACME')).DBInstanceIdentifier).to.equal('acme')
    expect((await instance('arn:aws:rds:us-east-1:123456789012:db:acme')).DBInstanceIdentifier).to.equal('acme')
    expect((await cluster('bLUE')).DBClusterIdentifier).to.equal('blue')
  })

  it('tells no endpoint at first, then one before the instance is available', async () => {
    const state = aws.instances.get('acme')!
    const seen: [string, boolean][] = []
    for (const [status, endpoint] of [['creating'], ['creating', true], ['backing-up'], ['modifying'], ['available']]) {
      Object.assign(state, {status, endpoint})
      const {Endpoint, DBInstanceStatus} = await instance('acme')
      seen.push([DBInstanceStatus!, Endpoint !== undefined])
    }

    expect(seen).to.deep.equal([
      ['creating', false],
      ['creating', true],
      ['backing-up', true],
      ['modifying', true],
      ['available', true],
    ])
  })

  it('describes an Aurora cluster, its endpoints, and its members', async () => {
    const blue = await cluster('blue')
    expect(blue).to.deep.include({
      Engine: 'aurora-postgresql',
      Port: 15_433,
      Endpoint: 'blue.cluster-c0ffee.us-east-1.rds.amazonaws.com',
      ReaderEndpoint: 'blue.cluster-ro-c0ffee.us-east-1.rds.amazonaws.com',
      CustomEndpoints: ['reports.cluster-custom-c0ffee.us-east-1.rds.amazonaws.com'],
    })
    expect(blue.DBClusterMembers!.map((member) => member.IsClusterWriter)).to.deep.equal([false, true])
    const Filters = [{Name: 'db-cluster-id', Values: ['blue']}]
    const {DBInstances} = await client.send(new DescribeDBInstancesCommand({Filters}))
    expect(DBInstances!.map((member) => member.DBInstanceIdentifier)).to.deep.equal(['blue-a', 'blue-b'])
    expect(DBInstances![0]).to.include({DBClusterIdentifier: 'blue', StorageType: 'aurora', DeletionProtection: false})
  })

  it('lists a Multi-AZ DB cluster among the clusters, which alone says class, storage and public access itself', async () => {
    const {DBClusters} = await client.send(new DescribeDBClustersCommand({}))
    const [blue, green] = DBClusters!
    expect(green).to.include({
      Engine: 'postgres',
      DBClusterInstanceClass: 'db.m6gd.large',
      AllocatedStorage: 100,
      StorageType: 'gp3',
      PubliclyAccessible: true,
    })
    expect(green!.DBClusterMembers!).to.have.length(3)
    expect(blue).not.to.have.any.keys('DBClusterInstanceClass', 'PubliclyAccessible', 'StorageType', 'Iops')
  })

  it('lists engine versions page by page', async () => {
    const all = await versions({IncludeAll: true, MaxRecords: 20})
    expect(aws.calls.at(-1)!.parameters.Marker).to.be.a('string')
    expect(new Set(all.map((version) => version.Engine))).to.deep.equal(new Set(['postgres', 'aurora-postgresql']))
    const creatable = await versions({Engine: 'postgres'})
    expect(creatable.every(({Status}) => Status === 'available')).to.equal(true)
    expect(creatable.length).to.be.lessThan(all.length)
    const [fallback] = await versions({Engine: 'postgres', DefaultOnly: true})
    expect(fallback!.DBParameterGroupFamily).to.equal('postgres17')
  })

  it("has today's minors, and versions that are not called MAJOR.MINOR", async () => {
    const newest = async (Engine: string) => (await versions({Engine})).map(({EngineVersion}) => EngineVersion!)
    const [rds, aurora] = [await newest('postgres'), await newest('aurora-postgresql')]
    expect(rds).to.include.members(['14.23', '15.18', '16.14', '17.10', '18.4', '13.23', '13.23-rds.20260224'])
    expect(aurora).to.include.members(['14.23', '15.18', '16.14', '17.10', '18.3', '18.4', '16.13-limitless'])
    expect(aurora).not.to.include('18.2')
    const limitless = (await versions({Engine: 'aurora-postgresql'})).filter((one) => one.SupportsLimitlessDatabase)
    expect(limitless.map(({EngineVersion}) => EngineVersion)).to.deep.equal(['16.13-limitless'])
  })

  it('upgrades to a later minor, and to what was released with it or after', async () => {
    const [from] = await versions({Engine: 'postgres', EngineVersion: '16.13'})
    expect(
      from!.ValidUpgradeTarget!.map(({EngineVersion, IsMajorVersionUpgrade}) => [EngineVersion, IsMajorVersionUpgrade]),
    ).to.deep.equal([
      ['16.14', false],
      ['17.9', true],
      ['17.10', true],
      ['18.3', true],
      ['18.4', true],
    ])
  })

  it('says until when each major has standard and Extended Support', async () => {
    const {DBMajorEngineVersions} = await client.send(
      new DescribeDBMajorEngineVersionsCommand({Engine: 'postgres', MajorEngineVersion: '17'}),
    )
    const [standard, extended] = DBMajorEngineVersions![0]!.SupportedEngineLifecycles!
    expect(standard).to.deep.equal({
      LifecycleSupportName: 'open-source-rds-standard-support',
      LifecycleSupportStartDate: new Date('2024-11-14T00:00:00Z'),
      LifecycleSupportEndDate: new Date('2030-02-28T23:59:59.999Z'),
    })
    expect(extended!.LifecycleSupportStartDate).to.deep.equal(new Date('2030-03-01T00:00:00Z'))
  })

  it('does not sell every class everywhere', async () => {
    const classes = async (region: string, Engine: string, EngineVersion = '17.10') => {
      const there = newClient({region})
      const found = new Set<string>()
      for await (const page of paginateDescribeOrderableDBInstanceOptions({client: there}, {Engine, EngineVersion})) {
        for (const {DBInstanceClass} of page.OrderableDBInstanceOptions!) found.add(DBInstanceClass!)
      }

      there.destroy()
      return [...found]
    }

    expect(await classes('us-east-1', 'postgres')).to.include.members(['db.t4g.micro', 'db.m8g.large', 'db.m9g.large'])
    const canada = await classes('ca-central-1', 'postgres')
    expect(canada).to.include.members(['db.m7g.large', 'db.r8g.48xlarge'])
    expect(canada).not.to.include.members(['db.m8g.large']).and.not.to.include.members(['db.m9g.large'])
    const aurora = await classes('us-east-1', 'aurora-postgresql')
    expect(aurora).to.include.members(['db.t4g.medium', 'db.serverless', 'db.r8gd.xlarge'])
    expect(aurora).not.to.include.members(['db.t4g.small']).and.not.to.include.members(['db.r8gd.large'])
    expect(await classes('us-east-1', 'postgres', '13.23')).not.to.include('db.r8g.large')
  })

  it('lists the extensions of a family, of a group, and of an instance of ours', async () => {
    const {EngineDefaults} = await client.send(
      new DescribeEngineDefaultParametersCommand({DBParameterGroupFamily: 'postgres16'}),
    )
    const extensions = EngineDefaults!.Parameters!.find(({ParameterName}) => ParameterName === 'rds.extensions')
    expect(extensions!.ParameterValue!.split(', ')).to.include.members(['citext', 'postgis', 'vector'])
    for (const DBParameterGroupName of ['default.postgres17', 'blue-parameters']) {
      const {Parameters} = await client.send(new DescribeDBParametersCommand({DBParameterGroupName, Source: 'system'}))
      expect(Parameters!.map(({ParameterName}) => ParameterName)).to.deep.equal(['rds.extensions'])
    }
  })

  it('errs as AWS does', async () => {
    const errors = {
      DBInstanceNotFoundFault: client.send(new DescribeDBInstancesCommand({DBInstanceIdentifier: 'nobody'})),
      DBClusterNotFoundFault: client.send(new DescribeDBClustersCommand({DBClusterIdentifier: 'nobody'})),
      DBParameterGroupNotFoundFault: client.send(new DescribeDBParametersCommand({DBParameterGroupName: 'nobody'})),
    }
    const names = await Promise.all(Object.values(errors).map(async (call) => (await errorOf(call)).name))
    expect(names).to.deep.equal(Object.keys(errors))
  })

  it('refuses values that AWS refuses', async () => {
    const Engine = 'postgresql'
    const Filters = [{Name: 'engine', Values: [Engine]}]
    const errors: [Promise<unknown>, string][] = [
      [client.send(new DescribeDBInstancesCommand({MaxRecords: 5})), 'Invalid value 5 for MaxRecords'],
      [client.send(new DescribeDBInstancesCommand({MaxRecords: 101})), 'Must be between 20 and 100'],
      [
        client.send(new DescribeOrderableDBInstanceOptionsCommand({Engine: 'postgres', MaxRecords: 1001})),
        'Must be between 20 and 1000',
      ],
      [client.send(new DescribeDBEngineVersionsCommand({Engine})), 'Unrecognized engine name: postgresql'],
      [client.send(new DescribeOrderableDBInstanceOptionsCommand({Engine})), 'Unrecognized engine name: postgresql'],
      [client.send(new DescribeDBInstancesCommand({Filters})), 'Unrecognized engine name: postgresql'],
      [client.send(new DescribeDBInstancesCommand({DBInstanceIdentifier: 'a_b'})), 'is not a valid identifier'],
    ]
    for (const [call, message] of errors) {
      const error = await errorOf(call)
      expect(error).to.include({name: 'InvalidParameterValue', status: 400})
      expect(error.message).to.contain(message)
    }
  })

  it('knows who asks, and whether they may', async () => {
    const as = async (options: Parameters<typeof newClient>[0]) => {
      const someone = newClient(options)
      const {name, status} = await errorOf(someone.send(new DescribeDBInstancesCommand({})))
      someone.destroy()
      return `${status} ${name}`
    }

    expect(await as({accessKeyId: 'AKIANOBODY'})).to.equal('403 InvalidClientTokenId')
    expect(await as({secretAccessKey: 'wrong'})).to.equal('403 SignatureDoesNotMatch')
    expect(await as({region: 'us-east1'})).to.equal('403 SignatureDoesNotMatch')
    aws.disabledRegions.add('ap-south-1')
    expect(await as({region: 'ap-south-1'})).to.equal('403 InvalidClientTokenId')
    aws.denied.add('DescribeDBInstances')
    expect(await as({})).to.equal('403 AccessDenied')
    aws.expired = true
    expect(await as({})).to.equal('403 ExpiredToken')
  })

  it('has the instances in one region only', async () => {
    const elsewhere = newClient({region: 'eu-west-1'})
    expect((await elsewhere.send(new DescribeDBInstancesCommand({}))).DBInstances).to.deep.equal([])
    elsewhere.destroy()
  })

  it('limits the rate by either code', async () => {
    for (const code of ['Throttling', 'ThrottlingException'] as const) {
      aws.faults.splice(0, 1, {error: throttled(code)})
      const error = await errorOf(newClient({maxAttempts: 1}).send(new DescribeDBInstancesCommand({})))
      expect(error).to.deep.equal({name: code, status: 400, message: 'Rate exceeded'})
    }
  })

  it('fails on demand, at the call it was told', async () => {
    const error = {status: 403, code: 'AccessDenied', message: 'not authorized to perform rds:DescribeDBInstances'}
    aws.faults.push({action: 'DescribeDBInstances', error})
    expect((await errorOf(client.send(new DescribeDBInstancesCommand({})))).name).to.equal('AccessDenied')
    aws.faults.splice(0)
    const nth = 1 + aws.calls.filter(({action}) => action === 'DescribeDBInstances').length
    aws.faults.push({action: 'DescribeDBInstances', nth, reset: true})
    const {DBInstances} = await client.send(new DescribeDBInstancesCommand({}))
    expect(DBInstances, 'the SDK tries again').to.have.length(6)
  })

  function newClient({
    accessKeyId = aws.env.AWS_ACCESS_KEY_ID,
    secretAccessKey = aws.env.AWS_SECRET_ACCESS_KEY,
    region = aws.env.AWS_REGION,
    ...options
  }: {accessKeyId?: string; secretAccessKey?: string; region?: string; maxAttempts?: number} = {}): RDSClient {
    return new RDSClient({
      endpoint: aws.env.AWS_ENDPOINT_URL,
      region,
      credentials: {accessKeyId, secretAccessKey},
      ...options,
    })
  }

  async function instance(DBInstanceIdentifier: string): Promise<DBInstance> {
    return (await client.send(new DescribeDBInstancesCommand({DBInstanceIdentifier}))).DBInstances![0]!
  }

  async function cluster(DBClusterIdentifier: string): Promise<DBCluster> {
    return (await client.send(new DescribeDBClustersCommand({DBClusterIdentifier}))).DBClusters![0]!
  }

  async function versions(input: DescribeDBEngineVersionsCommandInput): Promise<DBEngineVersion[]> {
    const found: DBEngineVersion[] = []
    for await (const page of paginateDescribeDBEngineVersions({client}, input)) found.push(...page.DBEngineVersions!)
    return found
  }
})

async function errorOf(call: Promise<unknown>): Promise<{name: string; status: number | undefined; message: string}> {
  try {
    await call
  } catch (error) {
    const {name, message, $metadata} = error as RDSServiceException
    return {name, status: $metadata.httpStatusCode, message}
  }

  throw new Error('AWS refused nothing')
}
