import {createHash, createHmac} from 'node:crypto'
import type {IncomingMessage} from 'node:http'

export interface Signature {
  accessKey: string
  region: string
  service: string
  /** What was signed with, for one day, region and service. */
  matches: (secret: string) => boolean
}

/** The AWS Signature Version 4 of a request; undefined where it bears none. */
export function signatureOf({method, url, headers}: IncomingMessage, body: string): Signature | undefined {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/((\d+)\/([^/]+)\/([^/]+)\/aws4_request), ?SignedHeaders=([^,]+), ?Signature=(\w+)$/.exec(
      headers.authorization ?? '',
    )
  if (!found) return undefined
  const [, accessKey, scope, day, region, service, signed, signature] = found as unknown as string[]
  const {pathname, searchParams} = new URL(url ?? '/', 'http://aws')
  searchParams.sort()
  const canonical = [
    method,
    pathname,
    searchParams.toString(),
    ...signed!.split(';').map((name) => `${name}:${String(headers[name]).trim().replaceAll(/ +/g, ' ')}`),
    '',
    signed,
    sha256(body),
  ].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n')
  return {
    accessKey: accessKey!,
    region: region!,
    service: service!,
    matches(secret) {
      const key = [day!, region!, service!, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${secret}`)
      return hmac(key, toSign).toString('hex') === signature
    },
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const hmac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest()
