import {expect} from 'chai'
import pgConnectionString from 'pg-connection-string'

import type {AppBefore} from '../../src/lib/apps/app.js'
import {configForTarget, urlForApp} from '../../src/lib/apps/target-url.js'
import {Secret} from '../../src/lib/ports/secret.js'
import {bareUrl, parseConnectionUrl} from '../../src/lib/postgres/connection-url.js'

const TARGET = new Secret('postgres://app:p%40w@db.example.com:5432/app')
const CA = '/app/certs/rds ca&1.pem'
const companion = (before: string | null = null) => ({before, after: CA})

/** What the switch looks at, of all that is known of an app. */
type Switched = Pick<AppBefore, 'companions' | 'moving'>

const app = (changes: Partial<Switched> = {}): Switched => ({
  moving: ['DATABASE_URL', 'POOL_URL'],
  companions: {PGSSLROOTCERT: companion(), NODE_EXTRA_CA_CERTS: companion('/app/other.pem')},
  ...changes,
})
const moved = (switched: Switched, config: Record<string, string> = {}, target = TARGET) =>
  configForTarget(
    switched,
    Object.fromEntries(Object.entries(config).map(([name, value]) => [name, new Secret(value)])),
    target,
    CA,
  )
const revealed = (config: Record<string, Secret>) =>
  Object.fromEntries(Object.entries(config).map(([name, value]) => [name, value.reveal()]))

describe('the URL an app gets at the switch', () => {
  it('verifies fully, and leaves the authority to the companions where both are free', () => {
    const url = `${TARGET.reveal()}?sslmode=verify-full`
    expect(revealed(moved(app()))).to.deep.equal({
      DATABASE_URL: url,
      POOL_URL: url,
      PGSSLROOTCERT: CA,
      NODE_EXTRA_CA_CERTS: CA,
    })
  })

  it('names the authority itself where the app uses a companion for something else', () => {
    const config = moved(app({companions: {PGSSLROOTCERT: companion()}}))
    expect(Object.keys(config)).to.have.members(['DATABASE_URL', 'POOL_URL', 'PGSSLROOTCERT'])
    const url = new URL(config.DATABASE_URL!.reveal())
    expect(Object.fromEntries(url.searchParams)).to.deep.equal({sslmode: 'verify-full', sslrootcert: CA})
  })

  it('names the authority where no companion is free at all', () => {
    const url = urlForApp(TARGET, CA, {}).reveal()
    expect(new URL(url).searchParams.get('sslrootcert')).to.equal(CA)
    expect(url).to.match(/^[!-~]+$/)
  })

  it('leads every driver to the same place', () => {
    const {host, port, user, password, database} = pgConnectionString.parse(
      urlForApp(TARGET, CA, app().companions).reveal(),
    )
    expect({host, port, user, password, database}).to.deep.equal({
      host: 'db.example.com',
      port: '5432',
      user: 'app',
      password: 'p@w',
      database: 'app',
    })
  })

  it('moves what moves, and nothing when nothing does', () => {
    expect(Object.keys(moved(app({moving: ['REPORTS_URL']}))))
      .to.include('REPORTS_URL')
      .and.not.include('DATABASE_URL')
    expect(moved(app({moving: []}))).to.deep.equal({})
  })

  it('keeps the parameters that the app gave its own, but for those of TLS', () => {
    const before =
      'postgres://u1:p@old/d1?connection_limit=5&sslmode=require&ssl=true&options=-c%20work_mem%3D8MB&pgbouncer=true'
    const after = moved(app(), {DATABASE_URL: before})['DATABASE_URL']!.reveal()
    const parameters = 'connection_limit=5&options=-c%20work_mem%3D8MB&pgbouncer=true&sslmode=verify-full'
    expect(after).to.equal(`${TARGET.reveal()}?${parameters}`)
    expect(moved(app(), {DATABASE_URL: after})['DATABASE_URL']!.reveal(), 'once more').to.equal(after)
  })

  it('keeps the scheme that the app’s own had', () => {
    const after = moved(app(), {DATABASE_URL: 'postgresql://u1:p@old/d1'})['DATABASE_URL']!.reveal()
    expect(after).to.equal(`${TARGET.reveal().replace('postgres:', 'postgresql:')}?sslmode=verify-full`)
    expect(moved(app(), {DATABASE_URL: after})['DATABASE_URL']!.reveal(), 'once more').to.equal(after)
  })

  it('has the further parameters of RDS_DATABASE_URL, which win', () => {
    const parts = parseConnectionUrl(
      new Secret(`${TARGET.reveal()}?prepared_statements=false&connection_limit=9&sslmode=require&sslrootcert=x`),
      'RDS_DATABASE_URL',
    )
    const config = moved(app(), {DATABASE_URL: 'postgres://u1:p@old/d1?connection_limit=5&a=b+c'}, bareUrl(parts))
    expect(config['DATABASE_URL']!.reveal()).to.equal(
      `${TARGET.reveal()}?prepared_statements=false&connection_limit=9&a=b%2Bc&sslmode=verify-full`,
    )
  })

  it('is hidden wherever it is printed', () => {
    expect(JSON.stringify(moved(app()))).not.to.include('p%40w')
  })
})
