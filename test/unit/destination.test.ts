import {expect} from 'chai'

import type {AppFacts, SourceFacts} from '../../src/lib/ports/assessment.js'
import {bridgeFor} from '../../src/lib/assessment/destination/bridge.js'
import {destinationFor} from '../../src/lib/assessment/destination/destination.js'
import {storageFor} from '../../src/lib/assessment/destination/storage.js'
import {Unread} from '../../src/lib/ports/fact.js'
import {parsePlan} from '../../src/lib/assessment/plan.js'
import type {EngineOffer} from '../../src/lib/ports/ports.js'

const source = (facts: Partial<SourceFacts> = {}): SourceFacts => ({
  addon: 'postgresql-flat-1',
  plan: 'heroku-postgresql:standard-0',
  version: '17.4',
  major: 17,
  bytes: '12000000000',
  indexBytes: '4000000000',
  tables: 40,
  collation: 'en_US.UTF-8',
  largest: [],
  connections: {used: 20, limit: 120},
  extensions: [],
  replication: {walLevel: 'replica', role: false, slotsLeft: 10},
  info: {},
  plannedMaintenance: null,
  ...facts,
})
const NOW = new Date('2026-11-29')
const destination = (known: Omit<Parameters<typeof destinationFor>[0], 'now'>) => destinationFor({...known, now: NOW})
const apps = [{attachments: [], space: null}] as unknown as AppFacts[]
const offer = (engine: EngineOffer['engine'], classes: string[] = [], versions = ['17.10', '16.14']): EngineOffer => ({
  engine,
  classes,
  versions,
  extensions: [],
})

describe('the plan of a database', () => {
  it('tells its tier and memory', () => {
    expect(parsePlan('heroku-postgresql:premium-4')).to.deep.equal({tier: 'premium', memoryGiB: 30})
    expect(parsePlan('heroku-postgresql:essential-2')).to.deep.equal({tier: 'essential'})
    expect(parsePlan('heroku-postgresql:shield-0')).to.deep.equal({tier: 'shield', memoryGiB: 4})
    expect(parsePlan('heroku-postgresql:performance-16G')).to.deep.equal({tier: 'advanced', memoryGiB: 16})
    expect(parsePlan('heroku-postgresql:ika')).to.deep.equal({tier: 'unknown'})
  })
})

describe('what to create at AWS', () => {
  it('is RDS with the memory of the plan, one class up for the load, where there are no followers', () => {
    const {engine, version, steadyClass, loadClass, storage, replaces} = destination({source: source(), apps})
    expect({engine, version, steadyClass, loadClass}).to.deep.equal({
      engine: 'RDS for PostgreSQL',
      version: '17',
      steadyClass: 'db.t4g.medium',
      loadClass: 'db.m7g.large',
    })
    expect(storage).to.include({type: 'gp3', gigabytes: 30, iops: 3000})
    expect(replaces).to.deep.equal([])
  })

  it('is Aurora where followers become readers, and never the smallest classes', () => {
    const {engine, steadyClass, because, replaces} = destination({
      source: source({plan: 'heroku-postgresql:essential-1', info: {Followers: ['postgresql-curly-2']}}),
      apps,
    })
    expect(engine).to.equal('Aurora PostgreSQL')
    expect(steadyClass).to.equal('db.t4g.medium')
    const middle = source({plan: 'heroku-postgresql:standard-2', info: {Followers: ['postgresql-curly-2']}})
    expect(destination({source: middle, apps}).steadyClass, 'Aurora has no m classes').to.equal('db.t4g.large')
    expect(because[0]).to.contain('follower becomes a reader')
    expect(replaces.map(({what}) => what)).to.deep.equal(['followers postgresql-curly-2'])
  })

  it('is Aurora where the data outgrows a volume, even when Heroku said nothing of followers', () => {
    const {engine} = destination({source: source({bytes: '600000000000', info: new Unread('500')}), apps})
    expect(engine).to.equal('Aurora PostgreSQL')
  })

  it('takes a class that AWS offers here, and enough connections', () => {
    const offers = [offer('postgres', ['db.t4g.micro', 'db.r7g.large', 'db.r7g.xlarge'])]
    expect(destination({source: source(), apps, offers}).steadyClass).to.equal('db.r7g.large')
    const newer = [offer('postgres', ['db.m7g.large', 'db.m8g.large', 'db.r8g.large', 'db.t4g.small'])]
    expect(destination({source: source(), apps, offers: newer})).to.include({
      steadyClass: 'db.m8g.large',
      loadClass: 'db.r8g.large',
    })
    const none = [offer('postgres', ['db.z1d.large'])]
    expect(destination({source: source(), apps, offers: none}).steadyClass).to.equal('db.t4g.medium')
    const many = source({connections: {used: 900, limit: 2500}})
    expect(destination({source: many, apps}).steadyClass).to.equal('db.r7g.xlarge')
  })

  it('keeps the major, but for one whose life has ended', () => {
    const offers = [offer('postgres', [], ['18.4', '17.10', '16.14', '15.18', '14.23', '13.23-rds.20260224'])]
    expect(destination({source: source({major: 16}), apps, offers}).version).to.equal('16.14')
    expect(destination({source: source({major: 13}), apps, offers}).version).to.equal('15.18')
    expect(destination({source: source({major: 14}), apps, offers}).version).to.equal('15.18')
  })

  it('names what takes the place of the pooler', () => {
    const pooled = [{attachments: [{namespace: 'connection-pooling:default'}], space: null}] as unknown as AppFacts[]
    expect(destination({source: source(), apps: pooled}).replaces[0]!.by).to.contain('PgBouncer in the dynos')
    const inSpace = pooled.map((app) => ({...app, space: 'private'}))
    expect(destination({source: source(), apps: inSpace}).replaces[0]!.by).to.contain('RDS Proxy')
  })
})

describe('storage on gp3', () => {
  it('is twice the data, never below 20 GB, and striped from 400 GB on', () => {
    expect(storageFor(1e6, false)).to.include({gigabytes: 20, iops: 3000})
    expect(storageFor(190e9, false)).to.include({gigabytes: 380, iops: 3000})
    expect(storageFor(200e9, false)).to.include({gigabytes: 400, iops: 12_000})
    expect(storageFor(200e9, true)).to.include({type: 'aurora', gigabytes: null})
  })
})

describe('the bridge for databases that are too large', () => {
  it('is planned with their own numbers, from 1.5 TB on, on plans whose WAL can be asked for', () => {
    expect(bridgeFor(source({bytes: '1400000000000'}))).to.equal(undefined)
    expect(bridgeFor(source({bytes: '2000000000000', plan: 'heroku-postgresql:essential-2'}))).to.equal(undefined)
    const plan = bridgeFor(
      source({bytes: '2000000000000', activity: {seconds: 2, rowsPerSecond: 812.4, commitsPerSecond: 90}}),
    )!
    expect(plan[0]).to.equal(
      'A copy of 2.0 TB by COPY takes about 20 hours at 100 GB an hour, while changes accumulate (812 rows are written per second).',
    )
    expect(plan.join(' ')).to.contain('postgresql-flat-1').and.to.contain('2.6 TB')
  })
})
