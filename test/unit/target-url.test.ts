import {expect} from 'chai'
import pgConnectionString from 'pg-connection-string'

import type {AppBefore} from '../../src/lib/apps/app.js'
import {configForTarget, urlForApp} from '../../src/lib/apps/target-url.js'
import {Secret} from '../../src/lib/ports/secret.js'

const TARGET = new Secret('postgres://app:p%40w@db.example.com:5432/app')
const CA = '/app/certs/rds ca&1.pem'
const companion = (before: string | null = null) => ({before, after: CA})

/** What the switch looks at, of all that is known of an app. */
type Switched = Pick<AppBefore, 'attachments' | 'companions' | 'moving'>

function app(changes: Partial<Switched> = {}): AppBefore {
  const switched: Switched = {
    attachments: [
      {name: 'DATABASE', namespace: null, configVars: ['DATABASE_URL']},
      {name: 'HEROKU_POSTGRESQL_RED', namespace: null, configVars: ['HEROKU_POSTGRESQL_RED_URL']},
      {name: 'DATABASE_CONNECTION_POOL', namespace: 'connection-pooling:default', configVars: ['POOL_URL']},
    ],
    moving: ['DATABASE', 'DATABASE_CONNECTION_POOL'],
    companions: {PGSSLROOTCERT: companion(), NODE_EXTRA_CA_CERTS: companion('/app/other.pem')},
    ...changes,
  }
  return switched as AppBefore
}
const revealed = (config: Record<string, Secret>) =>
  Object.fromEntries(Object.entries(config).map(([name, value]) => [name, value.reveal()]))

describe('the URL an app gets at the switch', () => {
  it('verifies fully, and leaves the authority to the companions where both are free', () => {
    const url = `${TARGET.reveal()}?sslmode=verify-full`
    expect(revealed(configForTarget(app(), TARGET, CA))).to.deep.equal({
      DATABASE_URL: url,
      POOL_URL: url,
      PGSSLROOTCERT: CA,
      NODE_EXTRA_CA_CERTS: CA,
    })
  })

  it('names the authority itself where the app uses a companion for something else', () => {
    const config = configForTarget(app({companions: {PGSSLROOTCERT: companion()}}), TARGET, CA)
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

  it('does not touch attachments that do not move', () => {
    const config = configForTarget(app({moving: ['HEROKU_POSTGRESQL_RED']}), TARGET, CA)
    expect(Object.keys(config)).to.include('HEROKU_POSTGRESQL_RED_URL').and.not.include('DATABASE_URL')
  })

  it('is hidden wherever it is printed', () => {
    expect(JSON.stringify(configForTarget(app(), TARGET, CA))).not.to.include('p%40w')
  })
})
