import {
  ACCOUNT,
  CERTIFICATE,
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

export function findCluster(clusters: Map<string, RdsClusterState>, identifier: string): RdsClusterState {
  const cluster = clusters.get(identifier)
  if (!cluster) throw notFound('DBClusterNotFoundFault', `DBCluster ${identifier} not found.`)
  return cluster
}

export function clusterXml(cluster: RdsClusterState, members: RdsInstanceState[], region: string): XmlValue {
  const identifier = stored(cluster.identifier)
  const address = cluster.address ?? 'localhost'
  const writer = stored(cluster.writer ?? members[0]?.identifier ?? '')
  return {
    DBClusterIdentifier: identifier,
    DBClusterArn: `arn:aws:rds:${region}:${ACCOUNT}:cluster:${identifier}`,
    DbClusterResourceId: resourceId('cluster', identifier),
    Status: cluster.status ?? 'available',
    Engine: cluster.engine,
    EngineVersion: cluster.engineVersion,
    EngineMode: 'provisioned',
    EngineLifecycleSupport: 'open-source-rds-extended-support',
    Endpoint: address,
    ReaderEndpoint: cluster.readerAddress ?? address,
    CustomEndpoints: cluster.customAddresses && list('member', cluster.customAddresses),
    HostedZoneId: HOSTED_ZONE,
    Port: cluster.port,
    MasterUsername: cluster.masterUsername ?? 'postgres',
    DatabaseName: cluster.databaseName,
    DBClusterParameterGroup: cluster.parameterGroup ?? `default.${parameterFamily(cluster)}`,
    DBClusterMembers: list(
      'DBClusterMember',
      members.map((member) => ({
        DBInstanceIdentifier: stored(member.identifier),
        IsClusterWriter: stored(member.identifier) === writer,
        DBClusterParameterGroupStatus: cluster.parameterApplyStatus ?? 'in-sync',
        PromotionTier: 1,
      })),
    ),
    DBSubnetGroup: 'default',
    VpcSecurityGroups: list('VpcSecurityGroupMembership', securityGroups(cluster)),
    AvailabilityZones: list(
      'AvailabilityZone',
      ['a', 'b', 'c'].map((zone) => `${region}${zone}`),
    ),
    MultiAZ: members.length > 1,
    NetworkType: 'IPV4',
    BackupRetentionPeriod: cluster.backupRetentionPeriod ?? 7,
    PreferredBackupWindow: '03:00-03:30',
    PreferredMaintenanceWindow: 'sun:04:00-sun:04:30',
    UpgradeRolloutOrder: 'second',
    EarliestRestorableTime: CREATED,
    LatestRestorableTime: new Date(),
    ClusterCreateTime: CREATED,
    StorageEncrypted: true,
    KmsKeyId: `arn:aws:kms:${region}:${ACCOUNT}:key/${KEY_ID}`,
    CopyTagsToSnapshot: false,
    CrossAccountClone: false,
    DeletionProtection: cluster.deletionProtection ?? true,
    AutoMinorVersionUpgrade: true,
    IAMDatabaseAuthenticationEnabled: false,
    HttpEndpointEnabled: false,
    ActivityStreamStatus: 'stopped',
    MonitoringInterval: 0,
    DatabaseInsightsMode: 'standard',
    PerformanceInsightsEnabled: false,
    ReadReplicaIdentifiers: list('ReadReplicaIdentifier', []),
    DomainMemberships: list('DomainMembership', []),
    AssociatedRoles: list('DBClusterRole', []),
    TagList: tagList(cluster),
    ...(cluster.engine === 'postgres' ? multiAzXml(cluster) : AURORA),
  }
}

/** `StorageType` is left out of Aurora Standard, and AllocatedStorage says 1 GiB whatever the size. */
const AURORA = {AllocatedStorage: 1, LocalWriteForwardingStatus: 'disabled'}

/** What only a Multi-AZ DB cluster says of itself; Aurora says it of its instances. */
const multiAzXml = ({
  instanceClass = 'db.m6gd.large',
  allocatedStorage = 100,
  storageType = 'gp3',
  iops = 3000,
  publiclyAccessible = true,
}: RdsClusterState) => ({
  DBClusterInstanceClass: instanceClass,
  AllocatedStorage: allocatedStorage,
  StorageType: storageType,
  Iops: iops,
  ...(storageType === 'gp3' ? {StorageThroughput: 125} : {}),
  PubliclyAccessible: publiclyAccessible,
  CertificateDetails: CERTIFICATE,
})
