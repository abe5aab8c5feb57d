import {randomUUID} from 'node:crypto'
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {setTimeout as delay} from 'node:timers/promises'
import {ACCOUNT} from './account.js'
import {accessDenied, AwsError, expiredToken, missingToken, signatureMismatch, unknownKey} from './errors.js'
import {stored} from './identifiers.js'
import type {ExtensionsField} from './parameters.js'
import {callRds} from './rds-actions.js'
import {REGIONS} from './regions.js'
import {signatureOf} from './signature.js'
import type {RdsClusterState, RdsInstanceState} from './states.js'
import {element} from './xml.js'

export type {RdsClusterState, RdsInstanceState} from './states.js'
export {throttled} from './errors.js'

/** What is to go wrong with the calls of one action, or of all. */
export interface AwsFault {
  action?: string
  /** Only at this call, counted from 1; at all of them by default. */
  nth?: number
  delayMs?: number
  /** Answered instead of the result. */
  error?: {status: number; code: string; message: string}
  /** The connection is cut without an answer. */
  reset?: boolean
}

export interface Aws {
  url: string
  /** What the SDK needs to talk to this AWS instead of the real one. */
  env: Record<'AWS_ENDPOINT_URL' | 'AWS_REGION' | 'AWS_ACCESS_KEY_ID' | 'AWS_SECRET_ACCESS_KEY', string>
  /** By identifier in lower case, all in one region; changes show in the next answer. */
  instances: Map<string, RdsInstanceState>
  clusters: Map<string, RdsClusterState>
  /** Actions that the role is not allowed to call. */
  denied: Set<string>
  /** Regions that the account has not enabled. */
  disabledRegions: Set<string>
  /** Whether the login has come to its end. */
  expired: boolean
  extensionsField: ExtensionsField
  /** May be added to and emptied at any time. */
  faults: AwsFault[]
  /** Every call so far, oldest first. */
  calls: {action: string; parameters: Record<string, string>}[]
  stop(): Promise<void>
}

const namespace = 'http://rds.amazonaws.com/doc/2014-10-31/'

/**
 * AWS on a port of this machine: the RDS query API over the given instances and clusters. It answers for every region, as the
 * signature names it; all but one are empty.
 */
export async function startAws(options: {
  instances: RdsInstanceState[]
  clusters?: RdsClusterState[]
  faults?: AwsFault[]
  region?: string
}): Promise<Aws> {
  const {region = 'us-east-1', faults = []} = options
  const byIdentifier = <State extends {identifier: string}>(states: State[]) =>
    new Map(states.map((state) => [stored(state.identifier), state]))
  const accessKey = 'AKIASANDBOXSANDBOX00'
  const secret = 'sandbox'
  const calls: Aws['calls'] = []
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) =>
      fail(response, new AwsError(500, 'InternalFailure', error.message)),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const aws: Aws = {
    url,
    env: {AWS_ENDPOINT_URL: url, AWS_REGION: region, AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secret},
    instances: byIdentifier(options.instances),
    clusters: byIdentifier(options.clusters ?? []),
    denied: new Set(),
    disabledRegions: new Set(),
    expired: false,
    extensionsField: 'ParameterValue',
    faults,
    calls,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return aws

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await body(request)
    const parameters = new URLSearchParams(text)
    const action = parameters.get('Action') ?? ''
    calls.push({action, parameters: Object.fromEntries(parameters)})
    try {
      const asked = authenticate(request, text)
      if (aws.denied.has(action)) throw accessDenied(ACCOUNT, asked, action)
      for (const fault of faultsOf(action)) {
        if (fault.delayMs) await delay(fault.delayMs)
        if (fault.reset) return void request.socket.destroy()
        if (fault.error) throw new AwsError(fault.error.status, fault.error.code, fault.error.message)
      }

      const {instances, clusters} = asked === region ? aws : {instances: new Map(), clusters: new Map()}
      const result = element(
        `${action}Result`,
        callRds({...aws, region: asked, instances, clusters}, action, parameters),
      )
      const metadata = element('ResponseMetadata', {RequestId: randomUUID()})
      send(response, 200, `<${action}Response xmlns="${namespace}">${result}${metadata}</${action}Response>`)
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      fail(response, error)
    }
  }

  /** The region that the request is for. */
  function authenticate(request: IncomingMessage, text: string): string {
    const signature = signatureOf(request, text)
    if (!signature) throw missingToken()
    if (signature.accessKey !== accessKey || aws.disabledRegions.has(signature.region)) throw unknownKey()
    if (aws.expired) throw expiredToken()
    if (!REGIONS.includes(signature.region)) {
      throw signatureMismatch('Credential should be scoped to a valid region.')
    }
    if (signature.service !== 'rds') {
      throw signatureMismatch("Credential should be scoped to correct service: 'rds'.")
    }
    if (!signature.matches(secret)) throw signatureMismatch()
    return signature.region
  }

  function faultsOf(action: string): AwsFault[] {
    const nth = calls.filter((call) => call.action === action).length
    return faults.filter((fault) => (fault.action ?? action) === action && (fault.nth ?? nth) === nth)
  }
}

async function body(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

function fail(response: ServerResponse, {status, code, message}: AwsError): void {
  const error = element('Error', {Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message})
  send(
    response,
    status,
    `<ErrorResponse xmlns="${namespace}">${error}<RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
  )
}

function send(response: ServerResponse, status: number, xml: string): void {
  response.writeHead(status, {'content-type': 'text/xml'}).end(xml)
}
