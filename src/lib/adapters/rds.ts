import type {DBInstance, RDSClient} from '@aws-sdk/client-rds'

import {messageOf, refused} from '../errors.js'
import type {Rds, RdsInstance} from '../ports.js'

/** Looks the target up at AWS; the SDK is loaded when it is needed. */
export function rdsOf(region: string | undefined): Rds {
  let client: RDSClient | undefined
  return {
    async describe(id) {
      const {DescribeDBInstancesCommand, RDSClient: Client} = await import('@aws-sdk/client-rds')
      client ??= new Client(region ? {region} : {})
      try {
        const {DBInstances = []} = await client.send(new DescribeDBInstancesCommand({DBInstanceIdentifier: id}))
        return instanceOf(DBInstances[0]!)
      } catch (error) {
        if ((error as Error).name === 'DBInstanceNotFoundFault') {
          throw refused(
            'no_such_instance',
            `AWS knows no RDS instance ${id}${region ? ` in ${region}` : ''}`,
            'check --target and --region',
          )
        }
        throw refused(
          'aws_unavailable',
          `AWS could not be asked about ${id}: ${messageOf(error)}`,
          'check AWS credentials, --region and the rights of the role',
        )
      }
    },
  }
}

const instanceOf = (instance: DBInstance): RdsInstance => ({
  id: instance.DBInstanceIdentifier ?? '',
  engine: instance.Engine ?? '',
  engineVersion: instance.EngineVersion ?? '',
  instanceClass: instance.DBInstanceClass ?? '',
  status: instance.DBInstanceStatus ?? '',
  ...(instance.Endpoint?.Address
    ? {endpoint: {host: instance.Endpoint.Address, port: instance.Endpoint.Port ?? 5432}}
    : {}),
  allocatedGiB: instance.AllocatedStorage ?? 0,
  multiAz: instance.MultiAZ ?? false,
  publiclyAccessible: instance.PubliclyAccessible ?? false,
  backupRetentionDays: instance.BackupRetentionPeriod ?? 0,
})
