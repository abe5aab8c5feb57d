import type {EngineOffer} from '../../ports/ports.js'
import type {AppFacts, Destination, SourceFacts} from '../../ports/assessment.js'
import {type Fact, ifKnown} from '../../ports/fact.js'
import {parseEngineVersion} from '../../postgres/engine-version.js'
import {supportedMajor} from '../lifetime.js'
import {parsePlan} from '../plan.js'
import {classesFor} from './instance-classes.js'
import {storageFor} from './storage.js'

/** Memory assumed for plans on shared servers, in GiB. */
const SHARED_MEMORY_GIB = 2
/** Size from which storage that grows by itself is worth having, in bytes. */
const GROWING_BYTES = 500e9

interface Known {
  source: SourceFacts
  apps: readonly AppFacts[]
  offers?: Fact<EngineOffer[]> | undefined
  now: Date
}

/** The database to create, by the criteria of the playbook: Aurora for followers or a large database, otherwise RDS. */
export function destinationFor({source, apps, offers, now}: Known): Destination {
  const {tier, memoryGiB = SHARED_MEMORY_GIB} = parsePlan(source.plan)
  const followers = followersOf(source)
  const bytes = Number(source.bytes)
  const forAurora = [
    ...(followers.length > 0
      ? [
          `its ${followers.length === 1 ? 'follower becomes a reader' : `${followers.length} followers become readers`} on the same storage`,
        ]
      : []),
    ...(bytes >= GROWING_BYTES ? [`${(bytes / 1e9).toFixed(0)} GB can grow without resizing a volume`] : []),
  ]
  const aurora = isForAurora(source)
  const offer = offerFor(source, offers)
  const {steady, load} = classesFor({
    memoryGiB,
    connections: source.connections.limit,
    aurora,
    offered: offer?.classes ?? [],
  })
  const highlyAvailable = tier === 'premium' || tier === 'private' || tier === 'shield'
  return {
    engine: aurora ? 'Aurora PostgreSQL' : 'RDS for PostgreSQL',
    because: [
      ...(aurora ? forAurora : ['one primary without followers: stock Postgres, closest to Heroku Postgres']),
      ...(highlyAvailable
        ? [
            aurora
              ? 'add a reader in another availability zone: it takes over in seconds'
              : 'make it Multi-AZ after the load: the Heroku plan is highly available',
          ]
        : []),
    ],
    version: versionFor(supportedMajor(source.major, now), offer?.versions ?? []),
    loadClass: load,
    steadyClass: steady,
    storage: storageFor(bytes, aurora),
    replaces: [
      ...(apps.some(({attachments}) => attachments.some(({namespace}) => namespace?.startsWith('connection-pooling:')))
        ? [
            {
              what: 'connection pooling of Heroku Postgres',
              by: apps.every(({space}) => space !== null)
                ? 'RDS Proxy, reached over the peering of the Private Space'
                : 'PgBouncer in the dynos (buildpack heroku/pgbouncer): RDS Proxy cannot be reached from the Common Runtime',
            },
          ]
        : []),
      ...(followers.length > 0
        ? [
            {
              what: `followers ${followers.join(', ')}`,
              by: aurora ? 'Aurora readers behind one reader endpoint' : 'read replicas',
            },
          ]
        : []),
    ],
  }
}

/** Major version of the database to create. */
export const recommendedMajor = ({source, offers, now}: Omit<Known, 'apps'>): number =>
  Number.parseInt(versionFor(supportedMajor(source.major, now), offerFor(source, offers)?.versions ?? []), 10)

const followersOf = ({info}: SourceFacts): string[] => ifKnown(info)?.Followers ?? []

const isForAurora = (source: SourceFacts): boolean =>
  followersOf(source).length > 0 || Number(source.bytes) >= GROWING_BYTES

const offerFor = (source: SourceFacts, offers: Known['offers']): EngineOffer | undefined =>
  (ifKnown(offers ?? []) ?? []).find(({engine}) => (engine === 'aurora-postgresql') === isForAurora(source))

/** The source's own major version, so that one thing changes at a time; the next supported one after its end of life. */
function versionFor(major: number, offered: readonly string[]): string {
  const majorOf = (version: string) => parseEngineVersion(version)?.major ?? 0
  const candidates = offered.filter((version) => majorOf(version) >= major)
  return candidates.sort((a, b) => majorOf(a) - majorOf(b))[0] ?? String(major)
}
