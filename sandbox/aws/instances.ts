import {notFound} from './errors.js'
import {list, type XmlValue} from './xml.js'

/** An instance of the account: what must be known of it, and what has a usual value. */
export interface RdsInstanceState {
  identifier: string
  /** Where its Postgres server listens, on this machine. */
  port: number
  engineVersion: string
  engine?: 'postgres' | 'aurora-postgresql'
  /** Of an Aurora instance. */
  clusterIdentifier?: string
  status?: string
  instanceClass?: string
  allocatedStorage?: number
  storageType?: string
  iops?: number
  multiAz?: boolean
  publiclyAccessible?: boolean
  masterUsername?: string
  databaseName?: string
  parameterGroup?: string
  parameterApplyStatus?: string
  backupRetentionPeriod?: number
  deletionProtection?: boolean
  securityGroups?: string[]
  tags?: Record<string, string>
}

const account = '123456789012'
const created = new Date('2026-01-01T00:00:00Z')
const validTill = new Date('2061-05-25T22:34:57Z')

export function findInstance(instances: Map<string, RdsInstanceState>, identifier: string): RdsInstanceState {
  const instance = instances.get(identifier.toLowerCase())
  if (!instance) throw notFound('DBInstanceNotFound', `DBInstance ${identifier} not found.`)
  return instance
}

export function instanceXml(instance: RdsInstanceState, region: string): XmlValue {
  const aurora = instance.engine === 'aurora-postgresql'
  const identifier = instance.identifier
  const group = instance.parameterGroup ?? `default.${parameterFamily(instance)}`
  const groups = [{DBParameterGroupName: group, ParameterApplyStatus: instance.parameterApplyStatus ?? 'in-sync'}]
  return {
    DBInstanceIdentifier: identifier,
    DBInstanceArn: `arn:aws:rds:${region}:${account}:db:${identifier}`,
    DbiResourceId: `db-${Buffer.from(identifier).toString('hex').toUpperCase().padEnd(26, '0').slice(0, 26)}`,
    DBClusterIdentifier: instance.clusterIdentifier,
    DBInstanceStatus: instance.status ?? 'available',
    DBInstanceClass: instance.instanceClass ?? 'db.m7g.large',
    Engine: instance.engine ?? 'postgres',
    EngineVersion: instance.engineVersion,
    Endpoint: instance.status === 'creating' ? undefined : {Address: 'localhost', Port: instance.port},
    MasterUsername: instance.masterUsername ?? 'postgres',
    DBName: instance.databaseName,
    AllocatedStorage: aurora ? 1 : (instance.allocatedStorage ?? 100),
    StorageType: aurora ? 'aurora' : (instance.storageType ?? 'gp3'),
    Iops: aurora ? undefined : (instance.iops ?? 3000),
    StorageEncrypted: true,
    MultiAZ: instance.multiAz ?? false,
    PubliclyAccessible: instance.publiclyAccessible ?? true,
    AvailabilityZone: `${region}a`,
    InstanceCreateTime: created,
    BackupRetentionPeriod: instance.backupRetentionPeriod ?? 7,
    DeletionProtection: instance.deletionProtection ?? true,
    AutoMinorVersionUpgrade: true,
    IAMDatabaseAuthenticationEnabled: false,
    CACertificateIdentifier: 'rds-ca-rsa2048-g1',
    CertificateDetails: {CAIdentifier: 'rds-ca-rsa2048-g1', ValidTill: validTill},
    DBParameterGroups: list('DBParameterGroup', groups),
    VpcSecurityGroups: list('VpcSecurityGroupMembership', securityGroups(instance)),
    PendingModifiedValues: {},
    TagList: tags(instance),
  }
}

export function clusterXml(identifier: string, members: RdsInstanceState[], region: string): XmlValue {
  const writer = members[0]!
  return {
    DBClusterIdentifier: identifier,
    DBClusterArn: `arn:aws:rds:${region}:${account}:cluster:${identifier}`,
    Status: writer.status ?? 'available',
    Engine: 'aurora-postgresql',
    EngineVersion: writer.engineVersion,
    EngineMode: 'provisioned',
    Endpoint: 'localhost',
    ReaderEndpoint: 'localhost',
    Port: writer.port,
    MasterUsername: writer.masterUsername ?? 'postgres',
    DatabaseName: writer.databaseName,
    DBClusterParameterGroup: writer.parameterGroup ?? `default.${parameterFamily(writer)}`,
    DBClusterMembers: list(
      'DBClusterMember',
      members.map((member, index) => ({
        DBInstanceIdentifier: member.identifier,
        IsClusterWriter: index === 0,
        DBClusterParameterGroupStatus: member.parameterApplyStatus ?? 'in-sync',
        PromotionTier: 1,
      })),
    ),
    BackupRetentionPeriod: writer.backupRetentionPeriod ?? 7,
    DeletionProtection: writer.deletionProtection ?? true,
    StorageEncrypted: true,
    MultiAZ: members.length > 1,
    ClusterCreateTime: created,
    VpcSecurityGroups: list('VpcSecurityGroupMembership', securityGroups(writer)),
    TagList: tags(writer),
  }
}

export function parameterFamily({engine = 'postgres', engineVersion}: RdsInstanceState): string {
  return `${engine}${engineVersion.split('.')[0]}`
}

function securityGroups({securityGroups = ['sg-0a1b2c3d4e5f60718']}: RdsInstanceState): XmlValue[] {
  return securityGroups.map((id) => ({VpcSecurityGroupId: id, Status: 'active'}))
}

function tags({tags = {}}: RdsInstanceState): XmlValue {
  return list(
    'Tag',
    Object.entries(tags).map(([Key, Value]) => ({Key, Value})),
  )
}
