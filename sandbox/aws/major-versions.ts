import {findVersions} from './engine-versions.js'
import {list, type XmlValue} from './xml.js'

/**
 * First day of each major on RDS, and last days of standard and of Extended Support. Those of 17 are in an example of the AWS CLI's help,
 * that of 12 in AWS' database blog; the others follow them: the February after the last fixes of the community, and three years more.
 */
const SUPPORT: Record<number, [start: string, standard: string, extended: string]> = {
  12: ['2020-03-31', '2025-02-28', '2028-02-29'],
  13: ['2021-02-24', '2026-02-28', '2029-02-28'],
  14: ['2022-02-03', '2027-02-28', '2030-02-28'],
  15: ['2023-02-27', '2028-02-29', '2031-02-28'],
  16: ['2024-02-14', '2029-02-28', '2032-02-29'],
  17: ['2024-11-14', '2030-02-28', '2033-02-28'],
  18: ['2025-11-14', '2031-02-28', '2034-02-28'],
}
const DAY_MS = 24 * 60 * 60 * 1000

/** The majors of one engine, or of all, with the dates between which AWS supports them. */
export function majorVersions(engine: string | undefined, major: string | undefined): XmlValue[] {
  const known = findVersions({engine, defaultOnly: false, includeAll: true})
  const majors = new Map(known.map((version) => [`${version.engine} ${version.major}`, version]))
  return [...majors.values()]
    .filter((version) => major === undefined || major === String(version.major))
    .map((version) => ({
      Engine: version.engine,
      MajorEngineVersion: String(version.major),
      SupportedEngineLifecycles: list('SupportedEngineLifecycle', lifecyclesOf(version.major)),
    }))
}

function lifecyclesOf(major: number): XmlValue[] {
  const [start, standard, extended] = SUPPORT[major]!
  const dayAfter = new Date(Date.parse(standard) + DAY_MS)
  return [
    lifecycle('open-source-rds-standard-support', new Date(start), standard),
    lifecycle('open-source-rds-extended-support', dayAfter, extended),
  ]
}

function lifecycle(LifecycleSupportName: string, start: Date, lastDay: string): XmlValue {
  return {
    LifecycleSupportName,
    LifecycleSupportStartDate: start,
    LifecycleSupportEndDate: new Date(Date.parse(lastDay) + DAY_MS - 1),
  }
}
