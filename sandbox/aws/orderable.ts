import {findVersions, type Engine} from './engine-versions.js'
import {list, type XmlValue} from './xml.js'

interface Family {
  engines: Engine[]
  /** Sizes for RDS; Aurora has those of `aurora` where it is given. */
  sizes: string[]
  aurora?: string[]
  /** Everywhere but here. */
  notIn?: string[]
  /** Nowhere but here. */
  onlyIn?: string[]
  /** First major that runs on it. */
  from?: number
  /** Storage of its own beside the volume: what a Multi-AZ DB cluster needs. */
  local?: true
}

const LARGE = ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge']
const LARGER = [...LARGE, '24xlarge', '48xlarge']
const INTEL = ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge', '24xlarge', '32xlarge']
const BOTH: Engine[] = ['postgres', 'aurora-postgresql']
const NEWEST = ['us-east-1', 'us-west-2', 'eu-central-1']

/** Families, engines and regions from data that cfn-lint generates from AWS, August 2026; sizes and first majors are not exact. */
const FAMILIES: Record<string, Family> = {
  t4g: {
    engines: BOTH,
    sizes: ['micro', 'small', 'medium', 'large', 'xlarge', '2xlarge'],
    aurora: ['medium', 'large'],
  },
  m6i: {engines: ['postgres'], sizes: INTEL},
  m7g: {engines: ['postgres'], sizes: LARGE},
  m7i: {engines: ['postgres'], sizes: INTEL.slice(0, -1)},
  m8g: {engines: ['postgres'], sizes: LARGER, notIn: ['ca-central-1'], from: 14},
  m8gd: {engines: ['postgres'], sizes: LARGER, notIn: ['ap-southeast-1', 'ap-south-1'], from: 14, local: true},
  m9g: {engines: ['postgres'], sizes: LARGER, onlyIn: NEWEST, from: 14},
  r6i: {engines: BOTH, sizes: INTEL},
  r7g: {engines: BOTH, sizes: LARGE},
  r7i: {engines: BOTH, sizes: INTEL.slice(0, -1)},
  r8g: {engines: BOTH, sizes: LARGER, from: 14},
  r8gd: {
    engines: BOTH,
    sizes: LARGER,
    aurora: LARGER.slice(1),
    notIn: ['ap-southeast-1', 'ap-south-1'],
    from: 14,
    local: true,
  },
  r9g: {engines: ['aurora-postgresql'], sizes: LARGER, onlyIn: NEWEST, from: 14},
  x2g: {engines: BOTH, sizes: LARGE},
}

export interface OrderFilter {
  engine: Engine
  engineVersion?: string | undefined
  instanceClass?: string | undefined
}

/** What can be ordered of an engine in a region: one entry per version, class and kind of storage. */
export function orderableOptions({engine, engineVersion, instanceClass}: OrderFilter, region: string): XmlValue[] {
  const versions = findVersions({engine, engineVersion, defaultOnly: false, includeAll: false})
  return versions.flatMap(({version, major}) =>
    Object.entries(FAMILIES)
      .filter(([, family]) => isSold(family, engine, major, region))
      .flatMap(([name, {sizes, aurora, local = false}]) =>
        (engine === 'postgres' ? sizes : (aurora ?? sizes)).map((size) => ({name: `db.${name}.${size}`, local})),
      )
      .concat(engine === 'postgres' ? [] : [{name: 'db.serverless', local: false}])
      .filter(({name}) => instanceClass === undefined || name === instanceClass)
      .flatMap(({name, local}) =>
        Object.entries(STORAGE[engine]).map(([storage, bounds]) => ({
          ...optionXml(engine, version, name, region),
          StorageType: storage,
          SupportsClusters: local && storage !== 'gp2',
          ...bounds,
        })),
      ),
  )
}

const isSold = ({engines, notIn = [], onlyIn, from = 0}: Family, engine: Engine, major: number, region: string) =>
  engines.includes(engine) && major >= from && !notIn.includes(region) && (onlyIn?.includes(region) ?? true)

/** Bounds of the volume per kind of storage; Aurora has one volume, which grows by itself. */
const STORAGE: Record<Engine, Record<string, Record<string, XmlValue>>> = {
  postgres: {
    gp2: {SupportsIops: false, SupportsStorageThroughput: false, MinStorageSize: 20, MaxStorageSize: 65_536},
    gp3: {
      SupportsIops: true,
      SupportsStorageThroughput: true,
      MinStorageSize: 20,
      MaxStorageSize: 65_536,
      MinIopsPerDbInstance: 3000,
      MaxIopsPerDbInstance: 64_000,
      MaxIopsPerGib: 500,
      MinStorageThroughputPerDbInstance: 125,
      MaxStorageThroughputPerDbInstance: 4000,
      MaxStorageThroughputPerIops: 0.25,
    },
    io2: {
      SupportsIops: true,
      SupportsStorageThroughput: false,
      MinStorageSize: 100,
      MaxStorageSize: 65_536,
      MinIopsPerDbInstance: 1000,
      MaxIopsPerDbInstance: 256_000,
      MinIopsPerGib: 0.5,
      MaxIopsPerGib: 1000,
    },
  },
  'aurora-postgresql': {
    aurora: {SupportsIops: false, SupportsStorageThroughput: false},
    'aurora-iopt1': {SupportsIops: false, SupportsStorageThroughput: false},
  },
}

function optionXml(engine: Engine, version: string, name: string, region: string) {
  const aurora = engine === 'aurora-postgresql'
  return {
    Engine: engine,
    EngineVersion: version,
    DBInstanceClass: name,
    LicenseModel: 'postgresql-license',
    AvailabilityZones: list(
      'AvailabilityZone',
      ['a', 'b', 'c'].map((zone) => ({Name: `${region}${zone}`})),
    ),
    MultiAZCapable: !aurora,
    ReadReplicaCapable: !aurora,
    Vpc: true,
    SupportsStorageEncryption: true,
    SupportsEnhancedMonitoring: true,
    SupportsIAMDatabaseAuthentication: true,
    SupportsPerformanceInsights: true,
    AvailableProcessorFeatures: list('AvailableProcessorFeature', []),
    SupportedEngineModes: list('member', ['provisioned']),
    SupportsStorageAutoscaling: !aurora,
    SupportsKerberosAuthentication: true,
    OutpostCapable: false,
    SupportedActivityStreamModes: list('member', aurora ? ['sync', 'async'] : []),
    SupportsGlobalDatabases: aurora,
    SupportedNetworkTypes: list('member', ['IPV4', 'DUAL']),
    SupportsDedicatedLogVolume: !aurora,
    SupportsAdditionalStorageVolumes: false,
    SupportsHttpEndpoint: aurora,
  }
}
