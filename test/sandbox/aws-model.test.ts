import {Readable} from 'node:stream'

import * as sdk from '@aws-sdk/client-rds'
import {expect} from 'chai'

import {startAws, type Aws} from '../../sandbox/aws/rds-api.js'
import {treeOf, type Tree} from './xml-tree.js'

/** Members of a shape that AWS fills in some answers only: for other engines, for features that are off, or where it has nothing to say. */
const SOMETIMES: Record<string, string> = {
  DBInstance:
    'ReadReplicaSourceDBInstanceIdentifier ReadReplicaDBClusterIdentifiers ReplicaMode CharacterSetName NcharCharacterSetName ' +
    'StatusInfos StorageEncryptionType TdeCredentialArn EnhancedMonitoringResourceArn MonitoringRoleArn Timezone ' +
    'PerformanceInsightsKMSKeyId PerformanceInsightsRetentionPeriod EnabledCloudwatchLogsExports ProcessorFeatures ' +
    'ListenerEndpoint AutomationMode ResumeFullAutomationModeTime ActivityStreamKmsKeyId ActivityStreamKinesisStreamName ' +
    'ActivityStreamMode ActivityStreamEngineNativeAuditFieldsIncluded AwsBackupRecoveryPointArn ' +
    'DBInstanceAutomatedBackupsReplications AutomaticRestartTime CustomIamInstanceProfile ActivityStreamPolicyStatus DBSystemId ' +
    'MasterUserSecret ReadReplicaSourceDBClusterIdentifier PercentProgress MultiTenant AdditionalStorageVolumes ' +
    'StorageVolumeStatus StorageOperationStatus StorageOperationPercentProgress DBCapacityReservationIdentifier',
  DBCluster:
    'CharacterSetName PercentProgress DBClusterOptionGroupMemberships ReplicationSourceIdentifier StatusInfos ' +
    'StorageEncryptionType CloneGroupId EarliestBacktrackTime BacktrackWindow BacktrackConsumedChangeRecords ' +
    'EnabledCloudwatchLogsExports Capacity PendingModifiedValues ScalingConfigurationInfo RdsCustomClusterConfiguration ' +
    'IOOptimizedNextAllowedModificationTime ActivityStreamMode ActivityStreamKmsKeyId ActivityStreamKinesisStreamName ' +
    'GlobalClusterIdentifier GlobalWriteForwardingStatus GlobalWriteForwardingRequested AutomaticRestartTime ' +
    'ServerlessV2ScalingConfiguration ServerlessV2PlatformVersion MonitoringRoleArn PerformanceInsightsKMSKeyId ' +
    'PerformanceInsightsRetentionPeriod DBSystemId MasterUserSecret AwsBackupRecoveryPointArn LimitlessDatabase ' +
    'ClusterScalabilityType VPCNetworkingEnabled InternetAccessGatewayEnabled',
  DBEngineVersion:
    'DatabaseInstallationFilesS3BucketName DatabaseInstallationFilesS3Prefix DatabaseInstallationFiles ' +
    'CustomDBEngineVersionManifest DefaultCharacterSet FailureReason Image DBEngineMediaType KMSKeyId CreateTime ' +
    'SupportedCharacterSets SupportedNcharCharacterSets SupportedTimezones TagList',
  OrderableDBInstanceOption:
    'AvailabilityZoneGroup MinStorageThroughputPerIops AvailableAdditionalStorageVolumesOptions',
  DBSubnetGroup: 'DBSubnetGroupArn SupportedNetworkTypes',
  Outpost: 'Arn',
  Parameter: 'MinimumEngineVersion SupportedEngineModes',
}
/** Shapes of a change under way: there is none. */
const EMPTY = new Set(['PendingModifiedValues'])

describe('sandbox: every answer of AWS is what the model of the SDK says, field by field', () => {
  const filled = new Map<string, Set<string>>()
  const known = new Map<string, readonly string[]>()
  let aws: Aws
  let client: sdk.RDSClient

  before(async () => {
    const member = {port: 1, engineVersion: '17.10'}
    aws = await startAws({
      instances: [
        {
          ...member,
          identifier: 'single',
          multiAz: true,
          maxAllocatedStorage: 500,
          databaseName: 'app',
          tags: {app: 'shop'},
        },
        {...member, identifier: 'new', status: 'creating'},
        {...member, identifier: 'aurora-1', engine: 'aurora-postgresql', clusterIdentifier: 'aurora'},
        {...member, identifier: 'three-1', clusterIdentifier: 'three'},
      ],
      clusters: [
        {
          ...member,
          identifier: 'aurora',
          engine: 'aurora-postgresql',
          databaseName: 'app',
          customAddresses: ['reports'],
        },
        {...member, identifier: 'three', engine: 'postgres', tags: {app: 'shop'}},
      ],
    })
    client = new sdk.RDSClient({
      endpoint: aws.url,
      region: aws.env.AWS_REGION,
      credentials: {accessKeyId: aws.env.AWS_ACCESS_KEY_ID, secretAccessKey: aws.env.AWS_SECRET_ACCESS_KEY},
    })
  })

  after(async () => {
    client.destroy()
    await aws.stop()
  })

  const Engine = 'aurora-postgresql'
  const answers: [string, Answer][] = [
    ['DescribeDBInstances', {schema: sdk.DescribeDBInstances$, command: new sdk.DescribeDBInstancesCommand({})}],
    ['DescribeDBClusters', {schema: sdk.DescribeDBClusters$, command: new sdk.DescribeDBClustersCommand({})}],
    [
      'DescribeDBEngineVersions',
      {schema: sdk.DescribeDBEngineVersions$, command: new sdk.DescribeDBEngineVersionsCommand({Engine})},
    ],
    [
      'DescribeDBMajorEngineVersions',
      {schema: sdk.DescribeDBMajorEngineVersions$, command: new sdk.DescribeDBMajorEngineVersionsCommand({})},
    ],
    ...['postgres', Engine].map((engine): [string, Answer] => [
      `DescribeOrderableDBInstanceOptions of ${engine}`,
      {
        schema: sdk.DescribeOrderableDBInstanceOptions$,
        command: new sdk.DescribeOrderableDBInstanceOptionsCommand({Engine: engine, EngineVersion: '17.10'}),
      },
    ]),
    [
      'DescribeDBParameters',
      {
        schema: sdk.DescribeDBParameters$,
        command: new sdk.DescribeDBParametersCommand({DBParameterGroupName: 'default.postgres17'}),
      },
    ],
    [
      'DescribeEngineDefaultParameters',
      {
        schema: sdk.DescribeEngineDefaultParameters$,
        command: new sdk.DescribeEngineDefaultParametersCommand({DBParameterGroupFamily: 'postgres17'}),
      },
    ],
  ]

  for (const [name, answer] of answers) {
    it(`${name}: invents no field, and each has its type`, async () => {
      const {wire, parsed} = await answered(answer)
      const [response] = wire.children
      const [result] = response!.children
      compare(resolved(answer.schema[5]), result!, parsed, name)
    })
  }

  it('each shape has every member that AWS always fills', () => {
    for (const [shape, members] of known) {
      if (EMPTY.has(shape)) continue
      const sometimes = (SOMETIMES[shape] ?? '').split(' ').filter(Boolean)
      const missing = members.filter(
        (member) => member !== 'Marker' && !filled.get(shape)!.has(member) && !sometimes.includes(member),
      )
      const needless = sometimes.filter((member) => filled.get(shape)!.has(member) || !members.includes(member))
      expect({shape, missing, needless}).to.deep.equal({shape, missing: [], needless: []})
    }

    expect([...known.keys()]).to.include.members(Object.keys(SOMETIMES))
  })

  /** The answer as it was sent, and as the SDK reads it. */
  async function answered({command}: Answer): Promise<{wire: Tree; parsed: unknown}> {
    let wire = ''
    command.middlewareStack.add(
      (next: Next) => async (args: unknown) => {
        const result = await next(args)
        const chunks: Buffer[] = []
        for await (const chunk of result.response.body) chunks.push(chunk as Buffer)
        wire = Buffer.concat(chunks).toString()
        result.response.body = Readable.from([Buffer.from(wire)])
        return result
      },
      {step: 'deserialize', priority: 'low'},
    )
    const parsed = await (client as {send(command: unknown): Promise<unknown>}).send(command)
    return {wire: treeOf(wire), parsed}
  }

  function compare(schema: Schema, tree: Tree, parsed: unknown, path: string): void {
    if (typeof schema === 'number') {
      expect(typeNames[schema]?.(parsed), `${path} is ${String(parsed)}`).to.equal(true)
    } else if (schema[0] === STRUCTURE) {
      const [, , shape, , members, types] = schema as [number, string, string, unknown, string[], unknown[]]
      known.set(shape, members)
      const seen = filled.get(shape) ?? new Set()
      filled.set(shape, seen)
      expect(new Set(tree.children.map(({name}) => name)).size, `${path} says nothing twice`).to.equal(
        tree.children.length,
      )
      for (const child of tree.children) {
        const index = members.indexOf(child.name)
        expect(index, `${path}.${child.name} is in the model`).to.be.at.least(0)
        seen.add(child.name)
        const value = (parsed as Record<string, unknown>)[child.name]
        compare(resolved(types[index]), child, value, `${path}.${child.name}`)
      }
    } else {
      const [item, traits] = Array.isArray(schema[4]) ? (schema[4] as [unknown, {xmlName?: string}]) : [schema[4], {}]
      expect(parsed, path).to.be.an('array').with.length(tree.children.length)
      for (const [index, child] of tree.children.entries()) {
        expect(child.name, path).to.equal(traits.xmlName ?? 'member')
        compare(resolved(item), child, (parsed as unknown[])[index], `${path}[${index}]`)
      }
    }
  }
})

/** As the SDK's runtime has them: a number for a simple type, a tuple for a list or a structure. */
type Schema = number | unknown[]
interface Answer {
  schema: readonly unknown[]
  command: {middlewareStack: {add(middleware: unknown, options: unknown): void}}
}
type Next = (args: unknown) => Promise<{response: {body: Readable}}>

const STRUCTURE = 3
const LIST = 1
const LIST_OF = 64
const typeNames: Record<number, (value: unknown) => boolean> = {
  0: (value) => typeof value === 'string',
  1: (value) => typeof value === 'number' && !Number.isNaN(value),
  2: (value) => typeof value === 'boolean',
  4: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
}

/** Schemas stand for themselves, behind a function, or with traits of the member. */
function resolved(schema: unknown): Schema {
  if (typeof schema === 'function') return resolved((schema as () => unknown)())
  if (typeof schema === 'number') return schema >= LIST_OF ? [LIST, '', '', 0, schema - LIST_OF] : schema
  const tuple = schema as unknown[]
  return typeof tuple[0] === 'function' ? resolved(tuple[0]) : tuple
}
