import type {Engine} from './engine-versions.js'
import {list, type XmlValue} from './xml.js'

/** What all that the account has says alike. */
export const ACCOUNT = '123456789012'
export const CREATED = new Date('2026-01-01T00:00:00Z')
export const KEY_ID = '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9'
export const HOSTED_ZONE = 'Z2R2ITUGPM61AM'
export const CERTIFICATE = {CAIdentifier: 'rds-ca-rsa2048-g1', ValidTill: new Date('2027-01-01T00:00:00Z')}

export function parameterFamily({
  engine = 'postgres',
  engineVersion,
}: {
  engine?: Engine
  engineVersion: string
}): string {
  return `${engine}${engineVersion.split('.')[0]}`
}

export const resourceId = (prefix: 'cluster' | 'db', identifier: string): string =>
  `${prefix}-${Buffer.from(identifier).toString('hex').toUpperCase().padEnd(26, '0').slice(0, 26)}`

export function securityGroups({securityGroups = ['sg-0a1b2c3d4e5f60718']}: {securityGroups?: string[]}): XmlValue[] {
  return securityGroups.map((id) => ({VpcSecurityGroupId: id, Status: 'active'}))
}

export function tagList({tags = {}}: {tags?: Record<string, string>}): XmlValue {
  return list(
    'Tag',
    Object.entries(tags).map(([Key, Value]) => ({Key, Value})),
  )
}
