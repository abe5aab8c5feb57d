import type {RDSClient} from '@aws-sdk/client-rds'

import type {EngineOffer} from '../ports/ports.js'
import {compareVersions, type EngineVersion, parseEngineVersion} from '../postgres/engine-version.js'
import {listed, type Sdk} from './rds-instances.js'

/** Entries per page of orderable options, where AWS allows more than the usual 100. */
const LARGEST_PAGE = 1000

interface Creatable extends EngineVersion {
  text: string
  /** Family of its parameter groups, e.g. `postgres17`. */
  family: string
}

/** What can be created of an engine for a database of this major, without the majors that AWS supports only for a surcharge. */
export async function offerOf(
  sdk: Sdk,
  client: RDSClient,
  engine: EngineOffer['engine'],
  major: number,
): Promise<EngineOffer> {
  const [creatable, ended] = await Promise.all([
    creatableOf(sdk, client, engine),
    endedMajors(sdk, client, engine, new Date()),
  ])
  const surcharged = new Set([...ended, ...creatable.filter(({extended}) => extended).map((version) => version.major)])
  const newest = new Map<number, Creatable>()
  for (const version of creatable.sort(compareVersions)) {
    if (version.major >= major && !surcharged.has(version.major)) newest.set(version.major, version)
  }
  const offered = [...newest.values()].reverse()
  const versions = offered.map(({text}) => text)
  const chosen = offered.at(-1)
  if (!chosen) return {engine, versions, classes: [], extensions: null}
  const [classes, extensions] = await Promise.all([
    classesOf(sdk, client, engine, chosen.text),
    extensionsOf(sdk, client, chosen.family),
  ])
  return {engine, versions, classes, extensions}
}

/** None where the region does not have the engine. */
async function creatableOf(sdk: Sdk, client: RDSClient, engine: string): Promise<Creatable[]> {
  const found: Creatable[] = []
  try {
    for await (const {DBEngineVersions} of sdk.paginateDescribeDBEngineVersions({client}, {Engine: engine})) {
      for (const {EngineVersion: text = '', DBParameterGroupFamily: family = ''} of listed(DBEngineVersions)) {
        const version = parseEngineVersion(text)
        if (version) found.push({...version, text, family})
      }
    }
  } catch (error) {
    if ((error as Error).name !== 'InvalidParameterValue') throw error
  }
  return found
}

/** Majors whose standard support has ended; none where the role is not allowed to ask: the names of versions tell as well. */
async function endedMajors(sdk: Sdk, client: RDSClient, engine: string, now: Date): Promise<number[]> {
  const ended: number[] = []
  try {
    for await (const page of sdk.paginateDescribeDBMajorEngineVersions({client}, {Engine: engine})) {
      for (const {MajorEngineVersion: major, SupportedEngineLifecycles: cycles = []} of page.DBMajorEngineVersions ??
        []) {
        const standard = cycles.find(({LifecycleSupportName: name}) => name === 'open-source-rds-standard-support')
        const end = standard?.LifecycleSupportEndDate
        if (end && end < now) ended.push(Number(major))
      }
    }
  } catch (error) {
    if (!['AccessDenied', 'InvalidAction', 'InvalidParameterValue'].includes((error as Error).name)) throw error
  }
  return ended
}

async function classesOf(sdk: Sdk, client: RDSClient, engine: string, version: string): Promise<string[]> {
  const classes = new Set<string>()
  const wanted = {Engine: engine, EngineVersion: version, Vpc: true, MaxRecords: LARGEST_PAGE}
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
    const list = found?.ParameterValue || found?.AllowedValues
    if (list) return list.split(/\s*,\s*/)
  }
  return null
}
