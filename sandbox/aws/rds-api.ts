import {randomUUID} from 'node:crypto'
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {setTimeout as delay} from 'node:timers/promises'
import {AwsError} from './errors.js'
import type {RdsInstanceState} from './instances.js'
import {callRds, type RdsAccount} from './rds-actions.js'
import {element} from './xml.js'

export type {RdsInstanceState} from './instances.js'

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
  /** By identifier; changes show in the next answer. */
  instances: Map<string, RdsInstanceState>
  /** May be added to and emptied at any time. */
  faults: AwsFault[]
  /** Every call so far, oldest first. */
  calls: {action: string; parameters: Record<string, string>}[]
  stop(): Promise<void>
}

const namespace = 'http://rds.amazonaws.com/doc/2014-10-31/'

/** AWS on a port of this machine: the RDS query API over the given instances. */
export async function startAws(options: {
  instances: RdsInstanceState[]
  faults?: AwsFault[]
  region?: string
}): Promise<Aws> {
  const {region = 'us-east-1', faults = []} = options
  const instances = new Map(options.instances.map((instance) => [instance.identifier.toLowerCase(), instance]))
  const account: RdsAccount = {region, instances}
  const accessKey = 'AKIASANDBOXSANDBOX00'
  const calls: Aws['calls'] = []
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) =>
      fail(response, new AwsError(500, 'InternalFailure', error.message)),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url,
    env: {AWS_ENDPOINT_URL: url, AWS_REGION: region, AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: 'sandbox'},
    instances,
    faults,
    calls,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parameters = new URLSearchParams(await body(request))
    const action = parameters.get('Action') ?? ''
    calls.push({action, parameters: Object.fromEntries(parameters)})
    try {
      authenticate(request)
      for (const fault of faultsOf(action)) {
        if (fault.delayMs) await delay(fault.delayMs)
        if (fault.reset) return void request.socket.destroy()
        if (fault.error) throw new AwsError(fault.error.status, fault.error.code, fault.error.message)
      }

      const result = element(`${action}Result`, callRds(account, action, parameters))
      const metadata = element('ResponseMetadata', {RequestId: randomUUID()})
      send(response, 200, `<${action}Response xmlns="${namespace}">${result}${metadata}</${action}Response>`)
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      fail(response, error)
    }
  }

  function authenticate(request: IncomingMessage): void {
    const [, key, service] = /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? []
    if (key !== accessKey || service !== 'rds') {
      throw new AwsError(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.')
    }
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
