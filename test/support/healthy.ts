import type {Heroku, Rds} from '../../src/lib/ports/ports.js'

/* A world outside in which nothing stands in the way, for tests whose subject is a database. */

export const ADDON = {id: 'id', name: 'postgresql-flat-1', plan: 'heroku-postgresql:standard-0', billingApp: 'shop'}
const ATTACHMENT = {id: 'a', name: 'DATABASE', namespace: null, app: 'shop', addon: ADDON, configVars: ['DATABASE_URL']}

export const healthyHeroku = (broken: Partial<Heroku> = {}): Heroku =>
  ({
    app: (name: string) =>
      Promise.resolve({
        id: name,
        name,
        maintenance: false,
        space: 'space',
        stack: 'heroku-24',
        generation: 'cedar',
        region: 'us',
        language: 'Ruby',
      }),
    attachments: () => Promise.resolve([ATTACHMENT]),
    databases: () => Promise.resolve([ATTACHMENT]),
    formation: () => Promise.resolve([{type: 'web', quantity: 1, size: 'basic'}]),
    dynos: () => Promise.resolve([]),
    addons: () => Promise.resolve([]),
    autoscalers: () => Promise.resolve([]),
    requestsLeft: () => Promise.resolve(4400),
    loginEnds: () => Promise.resolve(null),
    rights: () => Promise.resolve(['view', 'deploy', 'operate']),
    preboot: () => Promise.resolve(false),
    latestRelease: () => Promise.resolve({version: 1, status: 'succeeded', description: ''}),
    configVars: () => Promise.resolve({}),
    network: () => Promise.resolve({addresses: ['192.0.2.1'], peered: false}),
    pipeline: () => Promise.resolve(null),
    databaseInfo: () => Promise.resolve({Status: ['Available']}),
    plannedMaintenance: () => Promise.resolve(null),
    ...broken,
  }) as unknown as Heroku

/** Of which nothing is asked. */
export const silentHeroku = {under: () => silentHeroku} as unknown as Heroku

export const healthyRds = {
  find: () =>
    Promise.resolve({
      id: 'shop-db',
      clusterId: null,
      engine: 'postgres',
      engineVersion: '17.8',
      instanceClass: 'db.m7g.large',
      status: 'available',
      allocatedGiB: 100,
      maxAllocatedGiB: null,
      multiAz: true,
      publiclyAccessible: true,
      backupRetentionDays: 7,
      deletionProtection: true,
      encrypted: true,
      aurora: false,
      pendingReboot: false,
    }),
  offers: () => Promise.resolve([]),
} as unknown as Rds
