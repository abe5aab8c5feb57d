import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import {newestVersion} from './aws/engine-versions.js'
import {startAws, type Aws} from './aws/rds-api.js'
import {
  type CommandOptions,
  type CommandResult,
  herokuEnvironment,
  type HerokuSimulator,
  runHeroku,
  startHeroku,
  type StartOptions,
} from './heroku/index.js'
import {type Distance, type Server, startDistance} from './network/distance.js'
import type {Profile, ProfileName} from './network/profiles.js'
import {type AuroraOptions, becomeAurora} from './postgres/aurora.js'
import type {Major} from './postgres/binaries.js'
import {createCertificateAuthority} from './postgres/certificates.js'
import {provisionRdsInstance, type RdsInstance} from './postgres/rds-postgres.js'
import {type PostgresServer, startServer} from './postgres/server.js'
import {openShop, type Shop, type ShopOptions} from './shop.js'

const PROJECT = join(import.meta.dirname, '..')
const STACK_BIN = join(import.meta.dirname, 'stack', 'bin')

export interface SandboxOptions {
  sourceMajor?: Major
  targetMajor?: Major
  /** The source allows logical replication, and the targets of shops may subscribe to it. */
  sourceReplication?: boolean
  /** Makes the source Aurora PostgreSQL, as Heroku's Essential plans are. */
  sourceAurora?: AuroraOptions
  /** Makes the target an Aurora cluster, to its clients and to AWS. */
  targetAurora?: AuroraOptions
  heroku?: StartOptions
  /** Of shops that do not say themselves how long they rest between two writes. */
  pauseMs?: number | undefined
  /** Between the tool and all that it talks to; nothing by default. Dynos, customers and the sandbox itself are near. */
  distance?: Profile | ProfileName
}

/** The outside world on one machine: Heroku with its Postgres, AWS with its RDS, and as many shops as are wanted. */
export interface Sandbox {
  readonly heroku: HerokuSimulator
  readonly aws: Aws
  readonly source: PostgresServer
  readonly target: PostgresServer
  readonly sourceReplication: boolean
  readonly rds: RdsInstance
  readonly instance: string
  /** The certificate authority of both servers, as a file. */
  readonly caFile: string
  /** A scratch folder, for the CLI's files and the ledgers. */
  readonly home: string
  readonly distance: Distance
  /** What the stock `heroku` command needs to live in this world. */
  readonly env: NodeJS.ProcessEnv
  /** Links the plugin into the stock command, unless it is already; who only runs the code of the plugin never needs it. */
  link(): Promise<void>
  /** Runs the stock command with the plugin linked. */
  cli(args: readonly string[], options?: CommandOptions & {env?: NodeJS.ProcessEnv}): Promise<CommandResult>
  /** A busy app with its own database on Heroku, and an empty one on RDS to move to. */
  openShop(options?: ShopOptions): Promise<Shop>
  /** All that were opened, in their order. */
  readonly shops: readonly Shop[]
  stop(): Promise<void>
}

/** Starts everything on random ports; `stop` leaves no process and no file behind. */
export async function startSandbox({
  sourceMajor = 16,
  targetMajor = 17,
  sourceReplication = false,
  sourceAurora,
  targetAurora,
  heroku: settings,
  pauseMs,
  distance: profile = 'loopback',
}: SandboxOptions = {}): Promise<Sandbox> {
  const home = mkdtempSync(join(tmpdir(), 'heroku-rds-sandbox-'))
  const authority = await createCertificateAuthority(home)
  const tls = await authority.issueServerCertificate()
  const [source, target, heroku] = await Promise.all([
    startServer({major: sourceMajor, tls, settings: sourceReplication ? {wal_level: 'logical'} : {}}),
    startServer({major: targetMajor, tls, requireTls: true}),
    startHeroku({stackBin: STACK_BIN, ...settings}),
  ])
  if (sourceAurora) await becomeAurora(source, sourceAurora)
  if (targetAurora) await becomeAurora(target, targetAurora)
  const rds = await provisionRdsInstance(target)
  const [instance, cluster] = ['shop-rds', 'shop-rds-cluster']
  const engineVersion = newestVersion(targetMajor, targetAurora ? 'aurora-postgresql' : 'postgres')
  const aws = await startAws({
    clusters: targetAurora
      ? [{identifier: cluster, engine: 'aurora-postgresql', engineVersion, port: target.port}]
      : [],
    instances: [
      {
        identifier: instance,
        port: target.port,
        databaseName: rds.database,
        engineVersion,
        ...(targetAurora ? {engine: 'aurora-postgresql', clusterIdentifier: cluster} : {}),
      },
    ],
  })
  const distance = startDistance(profile, home)
  await Promise.all([
    ...[source, target].map((server) => distance.add('databases', server)),
    distance.add('heroku', serverAt(heroku.url)),
    distance.add('aws', serverAt(aws.url)),
  ])
  const env = {...herokuEnvironment(heroku, home), ...aws.env, RDS_CA_FILE: authority.caFile, ...distance.env}
  let linking: Promise<void> | undefined
  const link = () => (linking ??= linkPlugin(env))
  const cli: Sandbox['cli'] = async (args, options = {}) => {
    await link()
    return runHeroku([...args], {...env, ...options.env}, options)
  }
  const shops: Shop[] = []

  const sandbox: Sandbox = {
    heroku,
    aws,
    source,
    target,
    sourceReplication,
    rds,
    instance,
    caFile: authority.caFile,
    home,
    distance,
    env,
    link,
    cli,
    shops,
    async openShop(options = {}) {
      const shop = await openShop(sandbox, {...(pauseMs === undefined ? {} : {pauseMs}), ...options})
      shops.push(shop)
      return shop
    },
    async stop() {
      await Promise.all(shops.map((shop) => shop.customersLeave()))
      await Promise.all(shops.map(async ({bastion}) => bastion?.stop()))
      await distance.stop()
      await Promise.all([heroku.stop(), aws.stop(), source.stop({immediate: true}), target.stop({immediate: true})])
      rmSync(home, {recursive: true, force: true})
    },
  }
  return sandbox
}

function serverAt(url: string): Server {
  const {hostname, port} = new URL(url)
  return {host: hostname, port: Number(port)}
}

async function linkPlugin(env: NodeJS.ProcessEnv): Promise<void> {
  const {code, stderr} = await runHeroku(['plugins:link', '--no-install', PROJECT], env)
  if (code !== 0) throw new Error(`the plugin could not be linked: ${stderr}`)
}
