import {
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  DescribeDBParametersCommand,
  DescribeEngineDefaultParametersCommand,
  paginateDescribeDBEngineVersions,
  RDSClient,
  type DBEngineVersion,
  type DescribeDBEngineVersionsCommandInput,
} from '@aws-sdk/client-rds'
import {expect} from 'chai'
import {startAws, type Aws} from '../../sandbox/aws/rds-api.js'

describe('sandbox: the RDS API', () => {
  let aws: Aws
  let client: RDSClient

  before(async () => {
    aws = await startAws({
      instances: [
        {identifier: 'acme', port: 15_432, engineVersion: '17.6', databaseName: 'app', tags: {app: 'shop & more'}},
        ...['a', 'b'].map((name) => ({
          identifier: `blue-${name}`,
          port: 15_433,
          engine: 'aurora-postgresql' as const,
          engineVersion: '16.9',
          clusterIdentifier: 'blue',
          parameterGroup: 'blue-parameters',
        })),
      ],
    })
    client = newClient(aws.env.AWS_ACCESS_KEY_ID)
  })

  after(async () => {
    client.destroy()
    await aws.stop()
  })

  afterEach(() => void aws.faults.splice(0))

  it('describes an instance', async () => {
    const {DBInstances} = await client.send(new DescribeDBInstancesCommand({DBInstanceIdentifier: 'acme'}))
    expect(DBInstances).to.have.length(1)
    expect(DBInstances![0]).to.deep.include({
      DBInstanceIdentifier: 'acme',
      DBInstanceStatus: 'available',
      Engine: 'postgres',
      EngineVersion: '17.6',
      Endpoint: {Address: 'localhost', Port: 15_432},
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
    const {DBInstances} = await client.send(new DescribeDBInstancesCommand({DBInstanceIdentifier: 'ACME'}))
    expect(DBInstances![0]!.DBInstanceStatus).to.equal('modifying')
    aws.instances.get('acme')!.status = 'available'
  })

  it('describes an Aurora cluster and its members', async () => {
    const {DBClusters} = await client.send(new DescribeDBClustersCommand({}))
    expect(DBClusters!.map(({DBClusterIdentifier, Port}) => [DBClusterIdentifier, Port])).to.deep.equal([
      ['blue', 15_433],
    ])
    expect(DBClusters![0]!.DBClusterMembers!.map((member) => member.IsClusterWriter)).to.deep.equal([true, false])
    const Filters = [{Name: 'db-cluster-id', Values: ['blue']}]
    const {DBInstances} = await client.send(new DescribeDBInstancesCommand({Filters}))
    expect(DBInstances!.map((instance) => instance.DBInstanceIdentifier)).to.deep.equal(['blue-a', 'blue-b'])
  })

  it('lists engine versions page by page', async () => {
    const all = await versions({IncludeAll: true, MaxRecords: 20})
    expect(aws.calls.at(-1)!.parameters.Marker).to.be.a('string')
    expect(new Set(all.map((version) => version.Engine))).to.deep.equal(new Set(['postgres', 'aurora-postgresql']))
    const majors = new Set(all.filter(({Engine}) => Engine === 'postgres').map((version) => version.MajorEngineVersion))
    expect([...majors]).to.deep.equal(['13', '14', '15', '16', '17', '18'])
    const creatable = await versions({Engine: 'postgres'})
    expect(creatable.every(({Status}) => Status === 'available')).to.equal(true)
    expect(creatable.length).to.be.lessThan(all.length)
    const [fallback] = await versions({Engine: 'postgres', DefaultOnly: true})
    expect(fallback!.DBParameterGroupFamily).to.equal('postgres17')
    const [of16] = await versions({Engine: 'postgres', EngineVersion: '16'})
    expect(of16!.ValidUpgradeTarget!.some((target) => target.IsMajorVersionUpgrade)).to.equal(true)
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
      InvalidParameterValue: client.send(new DescribeDBInstancesCommand({MaxRecords: 5})),
    }
    const names = await Promise.all(Object.values(errors).map((call: Promise<unknown>) => errorOf(call)))
    expect(names).to.deep.equal(Object.keys(errors))
    const stranger = newClient('AKIANOBODY')
    expect(await errorOf(stranger.send(new DescribeDBInstancesCommand({})))).to.equal('InvalidClientTokenId')
    stranger.destroy()
  })

  it('fails on demand, at the call it was told', async () => {
    const error = {status: 403, code: 'AccessDenied', message: 'not authorized to perform rds:DescribeDBInstances'}
    aws.faults.push({action: 'DescribeDBInstances', error})
    expect(await errorOf(client.send(new DescribeDBInstancesCommand({})))).to.equal('AccessDenied')
    aws.faults.splice(0)
    const nth = 1 + aws.calls.filter(({action}) => action === 'DescribeDBInstances').length
    aws.faults.push({action: 'DescribeDBInstances', nth, reset: true})
    const {DBInstances} = await client.send(new DescribeDBInstancesCommand({}))
    expect(DBInstances, 'the SDK tries again').to.have.length(3)
  })

  function newClient(accessKeyId: string): RDSClient {
    const credentials = {accessKeyId, secretAccessKey: aws.env.AWS_SECRET_ACCESS_KEY}
    return new RDSClient({endpoint: aws.env.AWS_ENDPOINT_URL, region: aws.env.AWS_REGION, credentials})
  }

  async function versions(input: DescribeDBEngineVersionsCommandInput): Promise<DBEngineVersion[]> {
    const found: DBEngineVersion[] = []
    for await (const page of paginateDescribeDBEngineVersions({client}, input)) found.push(...page.DBEngineVersions!)
    return found
  }
})

async function errorOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    return (error as Error).name
  }

  return 'none'
}
