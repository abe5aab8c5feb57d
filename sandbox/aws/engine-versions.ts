import {invalidValue} from './errors.js'
import {list, type XmlValue} from './xml.js'

export type Engine = 'aurora-postgresql' | 'postgres'

interface EngineVersion {
  engine: Engine
  version: string
  major: number
  minor: number
  status: 'available' | 'deprecated'
  isDefault: boolean
  /** How many releases of its major are newer: those of one day have the same number, whatever the major. */
  age: number
}

/** Newest minor of each major, and how many of the last can be created (from data that cfn-lint generates, August 2026). */
const minors: Record<Engine, Record<number, {newest: number; creatable: number}>> = {
  postgres: {
    12: {newest: 22, creatable: 1},
    13: {newest: 23, creatable: 1},
    14: {newest: 23, creatable: 4},
    15: {newest: 18, creatable: 4},
    16: {newest: 14, creatable: 4},
    17: {newest: 10, creatable: 4},
    18: {newest: 4, creatable: 4},
  },
  'aurora-postgresql': {
    13: {newest: 23, creatable: 1},
    14: {newest: 23, creatable: 3},
    15: {newest: 18, creatable: 3},
    16: {newest: 14, creatable: 3},
    17: {newest: 10, creatable: 3},
    18: {newest: 4, creatable: 2},
  },
}
/** Versions that are not called MAJOR.MINOR: releases of Extended Support, and Aurora Limitless. */
const special: Record<Engine, string[]> = {
  postgres: ['12.22-rds.20260224', '13.23-rds.20260224'],
  'aurora-postgresql': ['16.13-limitless'],
}
const DEFAULT_MAJOR = 17
const DEPRECATED_PER_MAJOR = 2
const CERTIFICATE_AUTHORITIES = ['rds-ca-ecc384-g1', 'rds-ca-rsa4096-g1', 'rds-ca-rsa2048-g1']

export const isEngine = (engine: string): engine is Engine => Object.hasOwn(minors, engine)

const isLimitless = ({version}: EngineVersion) => version.endsWith('-limitless')

const versions: EngineVersion[] = (Object.keys(minors) as Engine[]).flatMap((engine) => {
  const regular = Object.entries(minors[engine]).flatMap(([major, {newest, creatable}]) => {
    const oldest = Math.max(1, newest - creatable - DEPRECATED_PER_MAJOR + 1)
    return Array.from({length: newest - oldest + 1}, (_, index): EngineVersion => {
      const minor = oldest + index
      const age = newest - minor
      return {
        engine,
        version: `${major}.${minor}`,
        major: Number(major),
        minor,
        status: age < creatable ? 'available' : 'deprecated',
        isDefault: Number(major) === DEFAULT_MAJOR && age === 0,
        age,
      }
    })
  })
  const others = special[engine].map((version): EngineVersion => {
    const [major, minor] = version.split(/\D/).map(Number) as [number, number]
    const age = minors[engine][major]!.newest - minor
    return {engine, version, major, minor, status: 'available', isDefault: false, age}
  })
  return [...regular, ...others].sort((one, other) => one.major - other.major || one.minor - other.minor)
})

export interface VersionFilter {
  engine?: string | undefined
  engineVersion?: string | undefined
  family?: string | undefined
  defaultOnly: boolean
  includeAll: boolean
}

/** EngineVersion may name a major: that means all its minors, and with DefaultOnly the newest. */
export function findVersions(filter: VersionFilter): EngineVersion[] {
  const {engine, engineVersion, family} = filter
  if (engine !== undefined && !isEngine(engine)) throw invalidValue(`Unrecognized engine name: ${engine}`)
  const found = versions.filter(
    (version) =>
      (filter.includeAll || version.status === 'available') &&
      (engine === undefined || version.engine === engine) &&
      (family === undefined || familyOf(version) === family) &&
      (engineVersion === undefined || engineVersion === version.version || engineVersion === String(version.major)),
  )
  if (!filter.defaultOnly) return found
  return engineVersion === undefined ? found.filter(({isDefault}) => isDefault) : found.slice(-1)
}

/** The version that a target of this major has today. */
export const newestVersion = (major: number, engine: Engine = 'postgres'): string =>
  findVersions({engine, engineVersion: String(major), defaultOnly: true, includeAll: false})[0]!.version

export function versionXml(version: EngineVersion, region: string): XmlValue {
  const aurora = version.engine === 'aurora-postgresql'
  const name = aurora ? 'Aurora PostgreSQL' : 'PostgreSQL'
  const features = aurora
    ? ['Comprehend', 'Lambda', 's3Export', 's3Import', 'SageMaker']
    : ['Lambda', 's3Export', 's3Import']
  return {
    Engine: version.engine,
    EngineVersion: version.version,
    MajorEngineVersion: String(version.major),
    DBParameterGroupFamily: familyOf(version),
    DBEngineDescription: name,
    DBEngineVersionArn: `arn:aws:rds:${region}::engine-version:${version.engine}/${version.version}`,
    DBEngineVersionDescription: `${name} ${version.version}`,
    Status: version.status,
    SupportsReadReplica: !aurora,
    SupportsLogExportsToCloudwatchLogs: true,
    ExportableLogTypes: list('member', aurora ? ['postgresql'] : ['postgresql', 'upgrade']),
    SupportedFeatureNames: list('member', features),
    SupportsCertificateRotationWithoutRestart: true,
    SupportedCACertificateIdentifiers: list('member', CERTIFICATE_AUTHORITIES),
    ...(aurora ? {ServerlessV2FeaturesSupport: {MinCapacity: 0, MaxCapacity: 256}} : {}),
    ...capabilities(version),
    ValidUpgradeTarget: list(
      'UpgradeTarget',
      versions.filter((target) => canUpgrade(version, target)).map((target) => upgradeXml(version, target)),
    ),
  }
}

/** To a later minor, or to any later major that was released on the same day or after. */
function canUpgrade(from: EngineVersion, to: EngineVersion): boolean {
  if (from.engine !== to.engine || to.status === 'deprecated' || isLimitless(from) || isLimitless(to)) return false
  return to.major === from.major ? to.minor > from.minor : to.major > from.major && to.age <= from.age
}

function upgradeXml(from: EngineVersion, to: EngineVersion): XmlValue {
  return {
    Engine: to.engine,
    EngineVersion: to.version,
    Description: to.version,
    AutoUpgrade: to.major === from.major && to.age === 0,
    IsMajorVersionUpgrade: to.major > from.major,
    ...capabilities(to),
  }
}

/** What a version and an upgrade to it say of the same things. */
function capabilities(version: EngineVersion) {
  const aurora = version.engine === 'aurora-postgresql'
  return {
    SupportedEngineModes: list('member', ['provisioned']),
    SupportsParallelQuery: false,
    SupportsGlobalDatabases: aurora && !isLimitless(version),
    SupportsBabelfish: aurora && !isLimitless(version),
    SupportsLimitlessDatabase: isLimitless(version),
    SupportsLocalWriteForwarding: aurora && !isLimitless(version),
    SupportsIntegrations: !isLimitless(version),
  }
}

export function familyOf({engine, major}: {engine: string; major: number}): string {
  return `${engine}${major}`
}

export function isFamily(family: string): boolean {
  return versions.some((version) => familyOf(version) === family)
}
