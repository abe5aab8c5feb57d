import type {DBCluster, DBInstance, RDSClient} from '@aws-sdk/client-rds'

import type {RdsInstance} from '../ports/ports.js'

export type Sdk = typeof import('@aws-sdk/client-rds')

/** The cluster or instance of that name, undefined where the account has none in the region. Case does not matter to AWS. */
export async function named(sdk: Sdk, client: RDSClient, id: string): Promise<RdsInstance | undefined> {
  const instance = await instanceNamed(sdk, client, id)
  const cluster = await clusterNamed(sdk, client, instance ? instance.DBClusterIdentifier : id)
  const isBoth = instance !== undefined && instance.DBInstanceIdentifier === cluster?.DBClusterIdentifier
  if (instance && !isBoth) return cluster ? memberOf(cluster, instance) : instanceOf(instance)
  return cluster && clusterOf(cluster, await writerOf(sdk, client, cluster))
}

/** The one that answers at an endpoint: at any of a cluster's, or at an instance's own. */
export async function answeringAt(
  sdk: Sdk,
  client: RDSClient,
  {host, port}: {host: string; port: number},
): Promise<RdsInstance | undefined> {
  const clusters: DBCluster[] = []
  const isHere = (address?: string) => address?.toLowerCase() === host.toLowerCase()
  for await (const {DBClusters} of sdk.paginateDescribeDBClusters({client}, {})) {
    for (const cluster of listed(DBClusters)) {
      const found = [cluster.Endpoint, cluster.ReaderEndpoint, ...(cluster.CustomEndpoints ?? [])].find(isHere)
      if (found !== undefined && cluster.Port === port) {
        return {...clusterOf(cluster, await writerOf(sdk, client, cluster)), endpoint: {host: found, port}}
      }
      clusters.push(cluster)
    }
  }
  for await (const {DBInstances} of sdk.paginateDescribeDBInstances({client}, {})) {
    const found = listed(DBInstances).find(({Endpoint}) => isHere(Endpoint?.Address) && Endpoint?.Port === port)
    if (!found) continue
    const cluster = clusters.find(({DBClusterIdentifier: id}) => id !== undefined && id === found.DBClusterIdentifier)
    return cluster ? memberOf(cluster, found) : instanceOf(found)
  }
  return undefined
}

/** Every answer of AWS has its list, be it empty: one without was not written by AWS, but by a proxy. */
export function listed<T>(list: T[] | undefined): T[] {
  if (!list) throw new Error('what answered is not the RDS API')
  return list
}

async function instanceNamed(sdk: Sdk, client: RDSClient, id: string): Promise<DBInstance | undefined> {
  try {
    return listed((await client.send(new sdk.DescribeDBInstancesCommand({DBInstanceIdentifier: id}))).DBInstances)[0]
  } catch (error) {
    if (error instanceof sdk.DBInstanceNotFoundFault || isNoName(error)) return undefined
    throw error
  }
}

async function clusterNamed(sdk: Sdk, client: RDSClient, id: string | undefined): Promise<DBCluster | undefined> {
  if (id === undefined) return undefined
  try {
    return listed((await client.send(new sdk.DescribeDBClustersCommand({DBClusterIdentifier: id}))).DBClusters)[0]
  } catch (error) {
    if (error instanceof sdk.DBClusterNotFoundFault || isNoName(error)) return undefined
    throw error
  }
}

/** A name that no instance can have. */
const isNoName = (error: unknown) => (error as Error).name === 'InvalidParameterValue'

/** Undefined while the cluster has no instance yet. */
async function writerOf(sdk: Sdk, client: RDSClient, cluster: DBCluster): Promise<DBInstance | undefined> {
  const writer = cluster.DBClusterMembers?.find(({IsClusterWriter}) => IsClusterWriter)?.DBInstanceIdentifier
  return writer === undefined ? undefined : instanceNamed(sdk, client, writer)
}

/** An instance that belongs to no cluster. */
const instanceOf = (instance: DBInstance): RdsInstance => ({
  id: instance.DBInstanceIdentifier ?? '',
  clusterId: null,
  engine: instance.Engine ?? '',
  engineVersion: instance.EngineVersion ?? '',
  instanceClass: instance.DBInstanceClass ?? '',
  status: instance.DBInstanceStatus ?? '',
  ...endpointOf(instance),
  aurora: isAurora(instance),
  allocatedGiB: instance.AllocatedStorage ?? 0,
  maxAllocatedGiB: instance.MaxAllocatedStorage ?? null,
  encrypted: instance.StorageEncrypted ?? false,
  deletionProtection: instance.DeletionProtection ?? false,
  pendingReboot: isPendingReboot(instance),
  multiAz: instance.MultiAZ ?? false,
  publiclyAccessible: instance.PubliclyAccessible ?? false,
  backupRetentionDays: instance.BackupRetentionPeriod ?? 0,
})

/**
 * A cluster with its writer: Aurora, or a Multi-AZ DB cluster, whose engine is `postgres`. AWS says class and public access of an
 * Aurora cluster only of its instances.
 */
function clusterOf(cluster: DBCluster, writer: DBInstance | undefined): RdsInstance {
  const status = cluster.Status ?? ''
  const endpoint = cluster.Endpoint ? {host: cluster.Endpoint, port: cluster.Port ?? 5432} : undefined
  return {
    id: cluster.DBClusterIdentifier ?? '',
    clusterId: cluster.DBClusterIdentifier ?? '',
    engine: cluster.Engine ?? '',
    engineVersion: cluster.EngineVersion ?? '',
    instanceClass: cluster.DBClusterInstanceClass ?? writer?.DBInstanceClass ?? 'no instance yet',
    status: status === 'available' ? (writer?.DBInstanceStatus ?? 'without an instance') : status,
    ...(endpoint ? {endpoint, writer: endpoint} : {}),
    aurora: isAurora(cluster),
    allocatedGiB: cluster.AllocatedStorage ?? 0,
    maxAllocatedGiB: null,
    encrypted: cluster.StorageEncrypted ?? false,
    deletionProtection: cluster.DeletionProtection ?? false,
    pendingReboot:
      (writer !== undefined && isPendingReboot(writer)) ||
      (cluster.DBClusterMembers ?? []).some(({DBClusterParameterGroupStatus: applied}) => applied === 'pending-reboot'),
    multiAz: cluster.MultiAZ ?? false,
    publiclyAccessible: cluster.PubliclyAccessible ?? writer?.PubliclyAccessible ?? false,
    backupRetentionDays: cluster.BackupRetentionPeriod ?? 0,
  }
}

/** One instance of a cluster: what is set on the cluster is read from there. */
function memberOf(cluster: DBCluster, instance: DBInstance): RdsInstance {
  const {endpoint: _writers, ...shared} = clusterOf(cluster, instance)
  return {...shared, id: instance.DBInstanceIdentifier ?? '', ...endpointOf(instance)}
}

const isAurora = ({Engine}: {Engine?: string | undefined}) => Engine?.startsWith('aurora') ?? false

const isPendingReboot = ({DBParameterGroups}: DBInstance) =>
  (DBParameterGroups ?? []).some(({ParameterApplyStatus: applied}) => applied === 'pending-reboot')

const endpointOf = ({Endpoint}: DBInstance) =>
  Endpoint?.Address ? {endpoint: {host: Endpoint.Address, port: Endpoint.Port ?? 5432}} : {}
