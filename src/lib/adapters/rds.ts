import type {DBCluster, DBInstance, RDSClient} from '@aws-sdk/client-rds'

import {messageOf, refused} from '../errors.js'
import type {Rds, RdsInstance} from '../ports.js'

/** Looks the target up at AWS, as an instance or as an Aurora cluster; the SDK is loaded when it is needed. */
export function rdsOf(region: string | undefined): Rds {
  return {
    async describe(id) {
      const sdk = await import('@aws-sdk/client-rds')
      const client = new sdk.RDSClient(region ? {region} : {})
      try {
        const found = (await describeInstance(sdk, client, id)) ?? (await describeCluster(sdk, client, id))
        if (found) return found
      } catch (error) {
        throw refused(
          'aws_unavailable',
          `AWS could not be asked about ${id}: ${messageOf(error)}`,
          'check AWS credentials, --region and the rights of the role',
        )
      } finally {
        client.destroy()
      }
      throw refused(
        'no_such_instance',
        `AWS knows no RDS instance or Aurora cluster ${id}${region ? ` in ${region}` : ''}`,
        'check --target and --region',
      )
    },
  }
}

type Sdk = typeof import('@aws-sdk/client-rds')

async function describeInstance(sdk: Sdk, client: RDSClient, id: string): Promise<RdsInstance | undefined> {
  try {
    const {DBInstances = []} = await client.send(new sdk.DescribeDBInstancesCommand({DBInstanceIdentifier: id}))
    return DBInstances[0] && instanceOf(DBInstances[0])
  } catch (error) {
    if (error instanceof sdk.DBInstanceNotFoundFault) return undefined
    throw error
  }
}

async function describeCluster(sdk: Sdk, client: RDSClient, id: string): Promise<RdsInstance | undefined> {
  try {
    const {DBClusters = []} = await client.send(new sdk.DescribeDBClustersCommand({DBClusterIdentifier: id}))
    return DBClusters[0] && clusterOf(DBClusters[0])
  } catch (error) {
    if (error instanceof sdk.DBClusterNotFoundFault) return undefined
    throw error
  }
}

const instanceOf = (instance: DBInstance): RdsInstance => ({
  id: instance.DBInstanceIdentifier ?? '',
  engine: instance.Engine ?? '',
  engineVersion: instance.EngineVersion ?? '',
  instanceClass: instance.DBInstanceClass ?? '',
  status: instance.DBInstanceStatus ?? '',
  ...(instance.Endpoint?.Address
    ? {endpoint: {host: instance.Endpoint.Address, port: instance.Endpoint.Port ?? 5432}}
    : {}),
  allocatedGiB: instance.AllocatedStorage ?? 0,
  multiAz: instance.MultiAZ ?? false,
  publiclyAccessible: instance.PubliclyAccessible ?? false,
  backupRetentionDays: instance.BackupRetentionPeriod ?? 0,
})

/** The endpoint is the writer's, whichever instance that is. */
const clusterOf = (cluster: DBCluster): RdsInstance => ({
  id: cluster.DBClusterIdentifier ?? '',
  engine: cluster.Engine ?? '',
  engineVersion: cluster.EngineVersion ?? '',
  instanceClass: 'Aurora cluster',
  status: cluster.Status ?? '',
  ...(cluster.Endpoint ? {endpoint: {host: cluster.Endpoint, port: cluster.Port ?? 5432}} : {}),
  allocatedGiB: cluster.AllocatedStorage ?? 0,
  multiAz: cluster.MultiAZ ?? false,
  publiclyAccessible: cluster.PubliclyAccessible ?? false,
  backupRetentionDays: cluster.BackupRetentionPeriod ?? 0,
})
