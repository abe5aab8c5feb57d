import type {DBCluster, DBInstance, RDSClient} from '@aws-sdk/client-rds'

import {messageOf, refused} from '../ports/errors.js'
import type {EngineOffer, Rds, RdsInstance} from '../ports/ports.js'

/** RDS as the domain asks it; the SDK is loaded when it is needed. */
export function rdsOf(region: string | undefined): Rds {
  /** One client for one question. */
  const ask = async <T>(about: string, work: (sdk: Sdk, client: RDSClient) => Promise<T>): Promise<T> => {
    // The operator cannot choose the Node that the CLI brings along.
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
    const sdk = await import('@aws-sdk/client-rds')
    const client = new sdk.RDSClient({...(region ? {region} : {}), maxAttempts: 2})
    try {
      return await work(sdk, client)
    } catch (error) {
      throw refused(
        'aws_unavailable',
        `AWS could not be asked about ${about}: ${messageOf(error)}`,
        'check AWS credentials, --region and the rights of the role',
      )
    } finally {
      client.destroy()
    }
  }

  return {
    async describe(id) {
      const found = await ask(
        id,
        async (sdk, client) => (await describeInstance(sdk, client, id)) ?? (await describeCluster(sdk, client, id)),
      )
      if (found) return found
      throw refused(
        'no_such_instance',
        `AWS knows no RDS instance or Aurora cluster ${id}${region ? ` in ${region}` : ''}`,
        'check --target and --region',
      )
    },

    find: ({host, port}) =>
      ask(host, async (sdk, client) => {
        const here = ({endpoint}: RdsInstance) =>
          endpoint?.host.toLowerCase() === host.toLowerCase() && endpoint.port === port
        for await (const {DBClusters = []} of sdk.paginateDescribeDBClusters({client}, {})) {
          const found = DBClusters.map(clusterOf).find(here)
          if (found) return found
        }
        for await (const {DBInstances = []} of sdk.paginateDescribeDBInstances({client}, {})) {
          const found = DBInstances.map(instanceOf).find(here)
          if (found) return found
        }
        return undefined
      }),

    offers: (major) =>
      ask('what it offers', (sdk, client) => Promise.all(ENGINES.map((engine) => offerOf(sdk, client, engine, major)))),
  }
}

const ENGINES = ['postgres', 'aurora-postgresql'] as const

async function offerOf(
  sdk: Sdk,
  client: RDSClient,
  engine: EngineOffer['engine'],
  major: number,
): Promise<EngineOffer> {
  const newest = new Map<number, {version: string; family: string}>()
  for await (const {DBEngineVersions = []} of sdk.paginateDescribeDBEngineVersions({client}, {Engine: engine})) {
    for (const {EngineVersion: version = '', DBParameterGroupFamily: family = ''} of DBEngineVersions) {
      const of = Number(version.split('.')[0])
      const known = newest.get(of)
      if (of >= major && (!known || minorOf(known.version) < minorOf(version))) newest.set(of, {version, family})
    }
  }
  const majors = [...newest.keys()].sort((one, other) => other - one)
  const versions = majors.map((of) => newest.get(of)!.version)
  const chosen = newest.get(majors.at(-1) ?? 0)
  if (!chosen) return {engine, versions, classes: [], extensions: null}
  const [classes, extensions] = await Promise.all([
    classesOf(sdk, client, engine, chosen.version),
    extensionsOf(sdk, client, chosen.family),
  ])
  return {engine, versions, classes, extensions}
}

const minorOf = (version: string) => Number(version.split('.')[1] ?? 0)

async function classesOf(sdk: Sdk, client: RDSClient, engine: string, version: string): Promise<string[]> {
  const classes = new Set<string>()
  const wanted = {Engine: engine, EngineVersion: version, Vpc: true}
  for await (const page of sdk.paginateDescribeOrderableDBInstanceOptions({client}, wanted)) {
    for (const {DBInstanceClass: name} of page.OrderableDBInstanceOptions ?? []) if (name) classes.add(name)
  }
  return [...classes].sort()
}

/** AWS does not say which of the two fields carries the list. */
async function extensionsOf(sdk: Sdk, client: RDSClient, family: string): Promise<string[] | null> {
  const wanted = {DBParameterGroupFamily: family}
  for await (const {EngineDefaults} of sdk.paginateDescribeEngineDefaultParameters({client}, wanted)) {
    const found = EngineDefaults?.Parameters?.find(({ParameterName}) => ParameterName === 'rds.extensions')
    const list = found?.ParameterValue ?? found?.AllowedValues
    if (list) return list.split(/\s*,\s*/)
  }
  return null
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
  aurora: instance.Engine?.startsWith('aurora') ?? false,
  allocatedGiB: instance.AllocatedStorage ?? 0,
  maxAllocatedGiB: instance.MaxAllocatedStorage ?? null,
  encrypted: instance.StorageEncrypted ?? false,
  deletionProtection: instance.DeletionProtection ?? false,
  pendingReboot: (instance.DBParameterGroups ?? []).some(
    ({ParameterApplyStatus}) => ParameterApplyStatus === 'pending-reboot',
  ),
  multiAz: instance.MultiAZ ?? false,
  publiclyAccessible: instance.PubliclyAccessible ?? false,
  backupRetentionDays: instance.BackupRetentionPeriod ?? 0,
})

/** The endpoint always leads to the writer. */
const clusterOf = (cluster: DBCluster): RdsInstance => ({
  id: cluster.DBClusterIdentifier ?? '',
  engine: cluster.Engine ?? '',
  engineVersion: cluster.EngineVersion ?? '',
  instanceClass: 'Aurora cluster',
  status: cluster.Status ?? '',
  ...(cluster.Endpoint ? {endpoint: {host: cluster.Endpoint, port: cluster.Port ?? 5432}} : {}),
  aurora: cluster.Engine?.startsWith('aurora') ?? false,
  allocatedGiB: cluster.AllocatedStorage ?? 0,
  maxAllocatedGiB: null,
  encrypted: cluster.StorageEncrypted ?? false,
  deletionProtection: cluster.DeletionProtection ?? false,
  pendingReboot: (cluster.DBClusterMembers ?? []).some(
    ({DBClusterParameterGroupStatus}) => DBClusterParameterGroupStatus === 'pending-reboot',
  ),
  multiAz: cluster.MultiAZ ?? false,
  publiclyAccessible: cluster.PubliclyAccessible ?? false,
  backupRetentionDays: cluster.BackupRetentionPeriod ?? 0,
})
