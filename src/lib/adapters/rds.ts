import type {RDSClient} from '@aws-sdk/client-rds'

import {refused} from '../ports/errors.js'
import type {Rds} from '../ports/ports.js'
import {awsError} from './rds-errors.js'
import {answeringAt, named, type Sdk} from './rds-instances.js'
import {offerOf} from './rds-offers.js'

/** How often a request is sent that AWS throttles or does not answer: the SDK's growing pauses add up to half a minute at most. */
const ATTEMPTS = 6
/** Longest time to connect, and to wait for an answer, in milliseconds. */
const CONNECT_MS = 5000
const ANSWER_MS = 15_000

/** RDS as the domain asks it; the SDK is loaded when it is needed. */
export function rdsOf(region: string | undefined): Rds {
  /** One client for one question. */
  const ask = async <T>(about: string, work: (sdk: Sdk, client: RDSClient) => Promise<T>): Promise<T> => {
    // The operator cannot choose the Node that the CLI brings along.
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
    const sdk = await import('@aws-sdk/client-rds')
    const client = new sdk.RDSClient({
      ...(region ? {region} : {}),
      maxAttempts: ATTEMPTS,
      requestHandler: {connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS, throwOnRequestTimeout: true},
    })
    try {
      return await work(sdk, client)
    } catch (error) {
      throw awsError(error, about, region)
    } finally {
      client.destroy()
    }
  }

  return {
    async describe(id) {
      const found = await ask(id, (sdk, client) => named(sdk, client, id))
      if (found) return found
      throw refused(
        'no_such_instance',
        `AWS knows no RDS instance or DB cluster ${id}${region ? ` in ${region}` : ''}`,
        'check --target and --region',
      )
    },

    find: (endpoint) => ask(endpoint.host, (sdk, client) => answeringAt(sdk, client, endpoint)),

    offers: (major) =>
      ask('what it offers', (sdk, client) =>
        Promise.all([offerOf(sdk, client, 'postgres', major), offerOf(sdk, client, 'aurora-postgresql', major)]),
      ),
  }
}
