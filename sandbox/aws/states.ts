import type {Engine} from './engine-versions.js'

/** An instance of the account: what must be known of it, and what has a usual value. */
export interface RdsInstanceState {
  identifier: string
  /** Where its Postgres server listens, on this machine. */
  port: number
  engineVersion: string
  engine?: Engine
  /** Of a member of a DB cluster. */
  clusterIdentifier?: string
  /** A name for `localhost`, where nothing connects to it. */
  address?: string
  status?: string
  /** Whether AWS tells the endpoint: not for the first minutes of `creating`, and in some calls later still. */
  endpoint?: boolean
  instanceClass?: string
  allocatedStorage?: number
  maxAllocatedStorage?: number
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

/**
 * A DB cluster of the account: an Aurora cluster, or with engine `postgres` a Multi-AZ DB cluster. Its members are the instances that
 * name it; there can be none yet.
 */
export interface RdsClusterState {
  identifier: string
  engine: Engine
  engineVersion: string
  port: number
  /** Of the writer endpoint: a name for `localhost`, where nothing connects to it. */
  address?: string
  readerAddress?: string
  customAddresses?: string[]
  /** Identifier of the writing member; the first one by default. */
  writer?: string
  status?: string
  masterUsername?: string
  databaseName?: string
  parameterGroup?: string
  parameterApplyStatus?: string
  backupRetentionPeriod?: number
  deletionProtection?: boolean
  securityGroups?: string[]
  tags?: Record<string, string>
  /** These are of a Multi-AZ DB cluster. */
  instanceClass?: string
  allocatedStorage?: number
  storageType?: string
  iops?: number
  publiclyAccessible?: boolean
}
