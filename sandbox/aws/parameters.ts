import {notFound} from './errors.js'
import {isFamily} from './engine-versions.js'
import {parameterFamily} from './account.js'
import type {RdsInstanceState} from './states.js'
import type {XmlValue} from './xml.js'

/** Which field of `rds.extensions` carries the list: AWS does not document it. */
export type ExtensionsField = 'AllowedValues' | 'ParameterValue'

interface Parameter {
  name: string
  value?: string
  allowed?: string
  type?: string
  apply: 'static' | 'dynamic'
  modifiable?: boolean
}

const extensions =
  'address_standardizer, address_standardizer_data_us, amcheck, autoinc, bloom, bool_plperl, btree_gin, btree_gist, citext, ' +
  'cube, dblink, dict_int, dict_xsyn, earthdistance, fuzzystrmatch, hll, hstore, hstore_plperl, insert_username, intagg, ' +
  'intarray, ip4r, isn, jsonb_plperl, lo, log_fdw, ltree, moddatetime, mysql_fdw, old_snapshot, oracle_fdw, orafce, ' +
  'pageinspect, pg_bigm, pg_buffercache, pg_cron, pg_freespacemap, pg_hint_plan, pg_partman, pg_prewarm, pg_proctab, ' +
  'pg_repack, pg_similarity, pg_stat_statements, pg_transport, pg_trgm, pg_visibility, pg_walinspect, pgaudit, pgcrypto, ' +
  'pglogical, pgrouting, pgrowlocks, pgstattuple, pgtap, plcoffee, plls, plperl, plpgsql, plprofiler, pltcl, plv8, postgis, ' +
  'postgis_raster, postgis_tiger_geocoder, postgis_topology, postgres_fdw, prefix, rdkit, rds_tools, refint, seg, sslinfo, ' +
  'tablefunc, tcn, tds_fdw, test_parser, tsm_system_rows, tsm_system_time, unaccent, uuid-ossp, vector'

const parameters: Parameter[] = [
  {name: 'autovacuum', value: '1', allowed: '0,1', type: 'boolean', apply: 'dynamic'},
  {
    name: 'maintenance_work_mem',
    value: 'GREATEST({DBInstanceClassMemory/63963136*1024},65536)',
    type: 'integer',
    apply: 'dynamic',
  },
  {name: 'max_connections', value: 'LEAST({DBInstanceClassMemory/9531392},5000)', type: 'integer', apply: 'static'},
  {name: 'max_replication_slots', value: '20', type: 'integer', apply: 'static'},
  {name: 'max_wal_senders', value: '20', type: 'integer', apply: 'static'},
  {name: 'max_wal_size', value: '2048', type: 'integer', apply: 'dynamic'},
  {name: 'max_worker_processes', value: 'GREATEST({DBInstanceVCPU*2},8)', type: 'integer', apply: 'static'},
  {name: 'rds.allowed_extensions', apply: 'dynamic'},
  {name: 'rds.extensions', value: extensions, apply: 'static', modifiable: false},
  {name: 'rds.force_ssl', value: '1', allowed: '0,1', type: 'boolean', apply: 'dynamic'},
  {name: 'rds.logical_replication', value: '0', allowed: '0,1', type: 'boolean', apply: 'static'},
  {name: 'shared_preload_libraries', value: 'pg_stat_statements', type: 'list', apply: 'static'},
  {name: 'synchronous_commit', value: 'on', allowed: 'local,on,off', apply: 'dynamic'},
  {name: 'wal_sender_timeout', value: '30000', type: 'integer', apply: 'dynamic'},
]

/** Parameter groups of the account: the default one of each family, and those an instance of ours names. */
export function groupParameters(
  group: string,
  instances: Iterable<RdsInstanceState>,
  field: ExtensionsField,
  source?: string,
): XmlValue[] {
  const family = group.startsWith('default.') ? group.slice('default.'.length) : familyOfCustomGroup(group, instances)
  if (!family || !isFamily(family)) throw notFound('DBParameterGroupNotFound', `DBParameterGroup not found: ${group}`)
  return parametersXml(field).filter((parameter) => source === undefined || parameter.Source === source)
}

export function familyParameters(family: string, field: ExtensionsField): XmlValue[] {
  if (!isFamily(family)) throw notFound('DBParameterGroupNotFound', `DBParameterGroupFamily not found: ${family}`)
  return parametersXml(field)
}

function familyOfCustomGroup(group: string, instances: Iterable<RdsInstanceState>): string | undefined {
  for (const instance of instances) if (instance.parameterGroup === group) return parameterFamily(instance)
  return undefined
}

const parametersXml = (field: ExtensionsField) =>
  parameters.map((parameter) => {
    const xml = parameterXml(parameter)
    return parameter.name === 'rds.extensions' ? {...xml, ParameterValue: undefined, [field]: extensions} : xml
  })

function parameterXml({name, value, allowed, type = 'string', apply, modifiable = true}: Parameter) {
  return {
    ParameterName: name,
    ParameterValue: value,
    AllowedValues: allowed,
    DataType: type,
    ApplyType: apply,
    ApplyMethod: 'pending-reboot',
    IsModifiable: modifiable,
    Source: modifiable ? 'engine-default' : 'system',
    Description: name,
  }
}
