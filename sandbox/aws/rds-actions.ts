import {findVersions} from './engine-versions.js'
import {AwsError, invalidValue, notFound} from './errors.js'
import {clusterXml, findInstance, instanceXml, type RdsInstanceState} from './instances.js'
import {orderableOptions} from './orderable.js'
import {paginate} from './pagination.js'
import {familyParameters, groupParameters} from './parameters.js'
import {list, type XmlValue} from './xml.js'

export interface RdsAccount {
  region: string
  instances: Map<string, RdsInstanceState>
}

type Parameters = URLSearchParams
type Action = (account: RdsAccount, parameters: Parameters) => Record<string, XmlValue>

const actions: Record<string, Action> = {
  DescribeDBInstances({instances, region}, parameters) {
    const identifier = parameters.get('DBInstanceIdentifier')
    const found = identifier ? [findInstance(instances, identifier)] : [...instances.values()]
    const {page, Marker} = paginate(filtered(found, parameters), parameters)
    return {
      Marker,
      DBInstances: list(
        'DBInstance',
        page.map((instance) => instanceXml(instance, region)),
      ),
    }
  },

  DescribeDBClusters({instances, region}, parameters) {
    const clusters = clustersOf(instances.values())
    const identifier = parameters.get('DBClusterIdentifier')
    if (identifier && !clusters.has(identifier)) {
      throw notFound('DBClusterNotFoundFault', `DBCluster ${identifier} not found.`)
    }

    const found = [...clusters].filter(([name]) => !identifier || name === identifier)
    const {page, Marker} = paginate(found, parameters)
    return {
      Marker,
      DBClusters: list(
        'DBCluster',
        page.map(([name, members]) => clusterXml(name, members, region)),
      ),
    }
  },

  DescribeDBEngineVersions(_account, parameters) {
    const found = findVersions({
      engine: parameters.get('Engine') ?? undefined,
      engineVersion: parameters.get('EngineVersion') ?? undefined,
      family: parameters.get('DBParameterGroupFamily') ?? undefined,
      defaultOnly: parameters.get('DefaultOnly') === 'true',
      includeAll: parameters.get('IncludeAll') === 'true',
    })
    const {page, Marker} = paginate(found, parameters)
    return {Marker, DBEngineVersions: list('DBEngineVersion', page)}
  },

  DescribeOrderableDBInstanceOptions(_account, parameters) {
    const engine = required(parameters, 'Engine')
    const {page, Marker} = paginate(orderableOptions(engine, parameters.get('EngineVersion') ?? undefined), parameters)
    return {Marker, OrderableDBInstanceOptions: list('OrderableDBInstanceOption', page)}
  },

  DescribeDBParameters({instances}, parameters) {
    const group = required(parameters, 'DBParameterGroupName')
    const found = groupParameters(group, instances.values(), parameters.get('Source') ?? undefined)
    const {page, Marker} = paginate(found, parameters)
    return {Marker, Parameters: list('Parameter', page)}
  },

  DescribeEngineDefaultParameters(_account, parameters) {
    const family = required(parameters, 'DBParameterGroupFamily')
    const {page, Marker} = paginate(familyParameters(family), parameters)
    return {EngineDefaults: {DBParameterGroupFamily: family, Marker, Parameters: list('Parameter', page)}}
  },
}

/** Answers one call, or throws an `AwsError`. */
export function callRds(account: RdsAccount, action: string, parameters: Parameters): Record<string, XmlValue> {
  const handler = Object.hasOwn(actions, action) ? actions[action] : undefined
  if (!handler) throw new AwsError(400, 'InvalidAction', `Could not find operation ${action} for version 2014-10-31`)
  return handler(account, parameters)
}

function clustersOf(instances: Iterable<RdsInstanceState>): Map<string, RdsInstanceState[]> {
  const clusters = new Map<string, RdsInstanceState[]>()
  for (const instance of instances) {
    const name = instance.clusterIdentifier
    if (name) clusters.set(name, [...(clusters.get(name) ?? []), instance])
  }

  return clusters
}

function filtered(instances: RdsInstanceState[], parameters: Parameters): RdsInstanceState[] {
  const filters: Record<string, (instance: RdsInstanceState) => string | undefined> = {
    'db-instance-id': ({identifier}) => identifier,
    'db-cluster-id': ({clusterIdentifier}) => clusterIdentifier,
    engine: ({engine = 'postgres'}) => engine,
  }
  let found = instances
  for (let n = 1; parameters.has(`Filters.Filter.${n}.Name`); n++) {
    const name = parameters.get(`Filters.Filter.${n}.Name`)!
    const attribute = filters[name]
    if (!attribute) throw invalidValue(`Unrecognized filter name: ${name}`)
    const values: string[] = []
    for (let v = 1; parameters.has(`Filters.Filter.${n}.Values.Value.${v}`); v++) {
      values.push(parameters.get(`Filters.Filter.${n}.Values.Value.${v}`)!)
    }

    found = found.filter((instance) => values.includes(attribute(instance) ?? ''))
  }

  return found
}

function required(parameters: Parameters, name: string): string {
  const value = parameters.get(name)
  if (!value) throw new AwsError(400, 'MissingParameter', `The request must contain the parameter ${name}`)
  return value
}
