import {clusterXml, findCluster} from './clusters.js'
import {findVersions, versionXml, type Engine} from './engine-versions.js'
import {AwsError} from './errors.js'
import {assertEngine, filtered} from './filters.js'
import {identifierIn, stored} from './identifiers.js'
import {findInstance, instanceXml} from './instances.js'
import {majorVersions} from './major-versions.js'
import {orderableOptions} from './orderable.js'
import {paginate} from './pagination.js'
import {familyParameters, groupParameters, type ExtensionsField} from './parameters.js'
import type {RdsClusterState, RdsInstanceState} from './states.js'
import {list, type XmlValue} from './xml.js'

/** What the account has in one region. */
export interface RdsAccount {
  region: string
  instances: Map<string, RdsInstanceState>
  clusters: Map<string, RdsClusterState>
  extensionsField: ExtensionsField
}

type Parameters = URLSearchParams
type Action = (account: RdsAccount, parameters: Parameters) => Record<string, XmlValue>

const actions: Record<string, Action> = {
  DescribeDBInstances({instances, clusters, region}, parameters) {
    const identifier = identifierIn(parameters, 'DBInstanceIdentifier')
    const named = identifier ? [findInstance(instances, identifier)] : [...instances.values()]
    const found = filtered(named, parameters, {
      'db-instance-id': (instance) => stored(instance.identifier),
      'db-cluster-id': ({clusterIdentifier}) => clusterIdentifier && stored(clusterIdentifier),
      engine: ({engine = 'postgres'}) => engine,
    })
    const {page, Marker} = paginate(found, parameters)
    const xml = (instance: RdsInstanceState) =>
      instanceXml(instance, clusters.get(stored(instance.clusterIdentifier ?? '')), region)
    return {Marker, DBInstances: list('DBInstance', page.map(xml))}
  },

  DescribeDBClusters({instances, clusters, region}, parameters) {
    const identifier = identifierIn(parameters, 'DBClusterIdentifier')
    const named = identifier ? [findCluster(clusters, identifier)] : [...clusters.values()]
    const found = filtered(named, parameters, {
      'db-cluster-id': (cluster) => stored(cluster.identifier),
      engine: ({engine}) => engine,
    })
    const {page, Marker} = paginate(found, parameters)
    const xml = (cluster: RdsClusterState) => {
      const isMember = ({clusterIdentifier = ''}: RdsInstanceState) =>
        stored(clusterIdentifier) === stored(cluster.identifier)
      return clusterXml(cluster, [...instances.values()].filter(isMember), region)
    }
    return {Marker, DBClusters: list('DBCluster', page.map(xml))}
  },

  DescribeDBEngineVersions({region}, parameters) {
    const found = findVersions({
      engine: parameters.get('Engine') ?? undefined,
      engineVersion: parameters.get('EngineVersion') ?? undefined,
      family: parameters.get('DBParameterGroupFamily') ?? undefined,
      defaultOnly: parameters.get('DefaultOnly') === 'true',
      includeAll: parameters.get('IncludeAll') === 'true',
    })
    const {page, Marker} = paginate(found, parameters)
    const xml = page.map((version) => versionXml(version, region))
    return {Marker, DBEngineVersions: list('DBEngineVersion', xml)}
  },

  DescribeDBMajorEngineVersions(_account, parameters) {
    const found = majorVersions(
      parameters.get('Engine') ?? undefined,
      parameters.get('MajorEngineVersion') ?? undefined,
    )
    const {page, Marker} = paginate(found, parameters)
    return {Marker, DBMajorEngineVersions: list('DBMajorEngineVersion', page)}
  },

  DescribeOrderableDBInstanceOptions({region}, parameters) {
    const engine = required(parameters, 'Engine')
    assertEngine(engine)
    const engineVersion = parameters.get('EngineVersion') ?? undefined
    const instanceClass = parameters.get('DBInstanceClass') ?? undefined
    const found = orderableOptions({engine: engine as Engine, engineVersion, instanceClass}, region)
    const {page, Marker} = paginate(found, parameters, 1000)
    return {Marker, OrderableDBInstanceOptions: list('OrderableDBInstanceOption', page)}
  },

  DescribeDBParameters({instances, extensionsField}, parameters) {
    const group = required(parameters, 'DBParameterGroupName')
    const found = groupParameters(group, instances.values(), extensionsField, parameters.get('Source') ?? undefined)
    const {page, Marker} = paginate(found, parameters)
    return {Marker, Parameters: list('Parameter', page)}
  },

  DescribeEngineDefaultParameters({extensionsField}, parameters) {
    const family = required(parameters, 'DBParameterGroupFamily')
    const {page, Marker} = paginate(familyParameters(family, extensionsField), parameters)
    return {EngineDefaults: {DBParameterGroupFamily: family, Marker, Parameters: list('Parameter', page)}}
  },
}

/** Answers one call, or throws an `AwsError`. */
export function callRds(account: RdsAccount, action: string, parameters: Parameters): Record<string, XmlValue> {
  const handler = Object.hasOwn(actions, action) ? actions[action] : undefined
  if (!handler) throw new AwsError(400, 'InvalidAction', `Could not find operation ${action} for version 2014-10-31`)
  return handler(account, parameters)
}

function required(parameters: Parameters, name: string): string {
  const value = parameters.get(name)
  if (!value) throw new AwsError(400, 'MissingParameter', `The request must contain the parameter ${name}`)
  return value
}
