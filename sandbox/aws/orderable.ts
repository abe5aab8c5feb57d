import {findVersions} from './engine-versions.js'
import type {XmlValue} from './xml.js'

const burstable = ['micro', 'small', 'medium', 'large'].map((size) => `db.t4g.${size}`)
const general = ['large', 'xlarge', '2xlarge'].map((size) => `db.m7g.${size}`)
const memory = ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '16xlarge'].map((size) => `db.r7g.${size}`)

const classes: Record<string, string[]> = {
  postgres: [...burstable, ...general, ...memory],
  'aurora-postgresql': [...burstable.slice(2), ...memory, 'db.serverless'],
}

/** What can be ordered of an engine: one entry per class and kind of storage. */
export function orderableOptions(engine: string, engineVersion: string | undefined): XmlValue[] {
  const versions = findVersions({engine, engineVersion, defaultOnly: false, includeAll: false}) as {
    EngineVersion: string
  }[]
  const storage = engine === 'postgres' ? ['gp3', 'io2'] : ['aurora', 'aurora-iopt1']
  return versions.flatMap(({EngineVersion}) =>
    (classes[engine] ?? []).flatMap((DBInstanceClass) =>
      storage.map((StorageType) => ({
        Engine: engine,
        EngineVersion,
        DBInstanceClass,
        LicenseModel: 'postgresql-license',
        Vpc: true,
        StorageType,
        MultiAZCapable: true,
        ReadReplicaCapable: true,
        SupportsStorageEncryption: true,
        SupportsStorageAutoscaling: engine === 'postgres',
        ...(engine === 'postgres' ? {MinStorageSize: 20, MaxStorageSize: 65_536} : {}),
      })),
    ),
  )
}
