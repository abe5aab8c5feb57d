import {
  CERTIFICATE,
  ACCOUNT,
  CREATED,
  HOSTED_ZONE,
  KEY_ID,
  parameterFamily,
  resourceId,
  securityGroups,
  tagList,
} from './account.js'
import {notFound} from './errors.js'
import {stored} from './identifiers.js'
import type {RdsClusterState, RdsInstanceState} from './states.js'
import {list, type XmlValue} from './xml.js'

/** From here on gp3 is striped, and its baseline is four times as high, in GiB. */
const STRIPED_GIB = 400
export function findInstance(instances: Map<string, RdsInstanceState>, identifier: string): RdsInstanceState {
  const instance = instances.get(identifier)
  if (!instance) throw notFound('DBInstanceNotFound', `DBInstance ${identifier} not found.`)
  return instance
}

/** What AWS says of an instance; a member of a cluster repeats what is set on the cluster. */
export function instanceXml(
  instance: RdsInstanceState,
  cluster: RdsClusterState | undefined,
  region: string,
): XmlValue {
  const identifier = stored(instance.identifier)
  const status = instance.status ?? 'available'
  const group = instance.parameterGroup ?? `default.${parameterFamily(instance)}`
  const groups = [{DBParameterGroupName: group, ParameterApplyStatus: instance.parameterApplyStatus ?? 'in-sync'}]
  const retention = (cluster ?? instance).backupRetentionPeriod ?? 7
  const {databaseName, masterUsername = 'postgres'} = cluster ?? instance
  return {
    DBInstanceIdentifier: identifier,
    DBInstanceArn: `arn:aws:rds:${region}:${ACCOUNT}:db:${identifier}`,
    DbiResourceId: resourceId('db', identifier),
    DBInstanceStatus: status,
    DBInstanceClass: instance.instanceClass ?? cluster?.instanceClass ?? 'db.m8g.large',
    Engine: instance.engine ?? 'postgres',
    EngineVersion: instance.engineVersion,
    EngineLifecycleSupport: 'open-source-rds-extended-support',
    LicenseModel: 'postgresql-license',
    ...((instance.endpoint ?? status !== 'creating')
      ? {
          Endpoint: {Address: instance.address ?? 'localhost', Port: instance.port, HostedZoneId: HOSTED_ZONE},
          InstanceCreateTime: CREATED,
        }
      : {}),
    DbInstancePort: 0,
    MasterUsername: masterUsername,
    DBName: databaseName,
    ...storageXml(instance, cluster),
    StorageEncrypted: true,
    KmsKeyId: `arn:aws:kms:${region}:${ACCOUNT}:key/${KEY_ID}`,
    DedicatedLogVolume: false,
    IsStorageConfigUpgradeAvailable: false,
    MultiAZ: instance.multiAz ?? false,
    ...(instance.multiAz ? {SecondaryAvailabilityZone: `${region}b`} : {}),
    AvailabilityZone: `${region}a`,
    PubliclyAccessible: instance.publiclyAccessible ?? true,
    NetworkType: 'IPV4',
    CustomerOwnedIpEnabled: false,
    DBSubnetGroup: subnetGroup(region),
    VpcSecurityGroups: list('VpcSecurityGroupMembership', securityGroups(cluster ?? instance)),
    DBSecurityGroups: list('DBSecurityGroup', []),
    BackupRetentionPeriod: retention,
    PreferredBackupWindow: '03:00-03:30',
    PreferredMaintenanceWindow: 'sun:04:00-sun:04:30',
    UpgradeRolloutOrder: 'second',
    BackupTarget: 'region',
    ...(retention > 0 && !cluster ? {LatestRestorableTime: new Date()} : {}),
    CopyTagsToSnapshot: false,
    DeletionProtection: cluster ? false : (instance.deletionProtection ?? true),
    AutoMinorVersionUpgrade: true,
    IAMDatabaseAuthenticationEnabled: false,
    MonitoringInterval: 0,
    DatabaseInsightsMode: 'standard',
    PerformanceInsightsEnabled: false,
    ActivityStreamStatus: 'stopped',
    CACertificateIdentifier: CERTIFICATE.CAIdentifier,
    CertificateDetails: CERTIFICATE,
    DBParameterGroups: list('DBParameterGroup', groups),
    OptionGroupMemberships: list('OptionGroupMembership', [
      {OptionGroupName: `default:${parameterFamily(instance).replace(/(\d+)$/, '-$1')}`, Status: 'in-sync'},
    ]),
    ReadReplicaDBInstanceIdentifiers: list('ReadReplicaDBInstanceIdentifier', []),
    DomainMemberships: list('DomainMembership', []),
    AssociatedRoles: list('DBInstanceRole', []),
    PendingModifiedValues: {},
    TagList: tagList(instance),
    ...(cluster ? {DBClusterIdentifier: stored(cluster.identifier), PromotionTier: 1} : {}),
  }
}

/** Aurora's volume is the cluster's: its instances say 1 GiB. */
function storageXml(instance: RdsInstanceState, cluster: RdsClusterState | undefined) {
  if (instance.engine === 'aurora-postgresql') return {AllocatedStorage: 1, StorageType: 'aurora'}
  const {allocatedStorage = 100, storageType = 'gp3', iops} = cluster ?? instance
  const striped = allocatedStorage >= STRIPED_GIB
  return {
    AllocatedStorage: allocatedStorage,
    ...(cluster ? {} : {MaxAllocatedStorage: instance.maxAllocatedStorage}),
    StorageType: storageType,
    Iops: iops ?? (striped ? 12_000 : 3000),
    ...(storageType === 'gp3' ? {StorageThroughput: striped ? 500 : 125} : {}),
  }
}

function subnetGroup(region: string): XmlValue {
  const subnets = ['a', 'b', 'c'].map((zone) => ({
    SubnetIdentifier: `subnet-0a1b2c3d4e5f6071${zone}`,
    SubnetAvailabilityZone: {Name: `${region}${zone}`},
    SubnetOutpost: {},
    SubnetStatus: 'Active',
  }))
  return {
    DBSubnetGroupName: 'default',
    DBSubnetGroupDescription: 'default',
    VpcId: 'vpc-0a1b2c3d4e5f60718',
    SubnetGroupStatus: 'Complete',
    Subnets: list('Subnet', subnets),
  }
}
