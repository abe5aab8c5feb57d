import {invalidValue} from './errors.js'
import {list, type XmlValue} from './xml.js'

interface EngineVersion {
  engine: string
  version: string
  major: number
  status: 'available' | 'deprecated'
  isDefault: boolean
}

/** First and last creatable minor of each major; a few before them are deprecated. */
const minors: Record<string, Record<number, [number, number]>> = {
  postgres: {13: [20, 23], 14: [18, 21], 15: [13, 16], 16: [9, 12], 17: [5, 8], 18: [1, 2]},
  'aurora-postgresql': {13: [20, 22], 14: [17, 20], 15: [12, 15], 16: [8, 11], 17: [4, 7]},
}
const defaultMajor = 17
const deprecatedPerMajor = 2
const certificateAuthorities = ['rds-ca-rsa2048-g1', 'rds-ca-rsa4096-g1', 'rds-ca-ecc384-g1']

const versions: EngineVersion[] = Object.entries(minors).flatMap(([engine, majors]) =>
  Object.entries(majors).flatMap(([major, [first, last]]) => {
    const start = Math.max(1, first - deprecatedPerMajor)
    return Array.from({length: last - start + 1}, (_, index): EngineVersion => {
      const minor = start + index
      return {
        engine,
        version: `${major}.${minor}`,
        major: Number(major),
        status: minor < first ? 'deprecated' : 'available',
        isDefault: Number(major) === defaultMajor && minor === last,
      }
    })
  }),
)

export interface VersionFilter {
  engine?: string | undefined
  engineVersion?: string | undefined
  family?: string | undefined
  defaultOnly: boolean
  includeAll: boolean
}

/** EngineVersion may name a major: that means all its minors, and with DefaultOnly the newest. */
export function findVersions(filter: VersionFilter): XmlValue[] {
  const {engine, engineVersion, family} = filter
  if (engine !== undefined && !minors[engine]) throw invalidValue(`Invalid DB engine: ${engine}`)
  const found = versions.filter(
    (version) =>
      (filter.includeAll || version.status === 'available') &&
      (engine === undefined || version.engine === engine) &&
      (family === undefined || familyOf(version) === family) &&
      (engineVersion === undefined || engineVersion === version.version || engineVersion === String(version.major)),
  )
  if (!filter.defaultOnly) return found.map(versionXml)
  return (engineVersion === undefined ? found.filter(({isDefault}) => isDefault) : found.slice(-1)).map(versionXml)
}

function versionXml(version: EngineVersion): XmlValue {
  const later = versions.filter(
    (target) =>
      target.engine === version.engine &&
      target.status === 'available' &&
      (target.major > version.major || (target.major === version.major && minorOf(target) > minorOf(version))),
  )
  const name = version.engine === 'postgres' ? 'PostgreSQL' : 'Aurora PostgreSQL'
  return {
    Engine: version.engine,
    EngineVersion: version.version,
    MajorEngineVersion: String(version.major),
    DBParameterGroupFamily: familyOf(version),
    DBEngineDescription: name,
    DBEngineVersionDescription: `${name} ${version.version}`,
    Status: version.status,
    SupportsReadReplica: true,
    SupportsLogExportsToCloudwatchLogs: true,
    ExportableLogTypes: list('member', ['postgresql', 'upgrade']),
    SupportedCACertificateIdentifiers: list('member', certificateAuthorities),
    ValidUpgradeTarget: list(
      'UpgradeTarget',
      later.map((target) => upgradeXml(version, target)),
    ),
  }
}

function upgradeXml(from: EngineVersion, to: EngineVersion): XmlValue {
  return {
    Engine: to.engine,
    EngineVersion: to.version,
    Description: to.version,
    AutoUpgrade: false,
    IsMajorVersionUpgrade: to.major > from.major,
  }
}

export function familyOf({engine, major}: {engine: string; major: number}): string {
  return `${engine}${major}`
}

export function isFamily(family: string): boolean {
  return versions.some((version) => familyOf(version) === family)
}

function minorOf({version}: EngineVersion): number {
  return Number(version.split('.')[1])
}
