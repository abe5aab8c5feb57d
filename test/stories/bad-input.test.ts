import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import {expect} from 'chai'
import pg from 'pg'

import {attach} from '../../sandbox/heroku/attachments.js'
import {createCertificateAuthority} from '../../sandbox/postgres/certificates.js'
import {provisionRdsInstance, type TargetDatabase} from '../../sandbox/postgres/rds-postgres.js'
import {type PostgresServer, startServer} from '../../sandbox/postgres/server.js'
import {verifiedUrl} from '../../sandbox/postgres/urls.js'
import type {Shop} from '../../sandbox/shop.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {useSandbox} from '../support/world.js'
import {bearsTraces, fenceOf} from './support.js'

interface Given {
  app?: string
  args?: string[]
  env?: NodeJS.ProcessEnv
  /** Makes the world bad, and good again. */
  change?: () => Promise<unknown> | void
  restore?: () => Promise<unknown> | void
}

describe('Bad input is answered with one sentence and an exit code, and nothing is touched', () => {
  const world = useSandbox()
  const folder = mkdtempSync(join(tmpdir(), 'bad-input-'))
  let shop: Shop
  let old: {server: PostgresServer; database: TargetDatabase}
  let misnamed: PostgresServer

  before('a shop, and servers with another authority', async () => {
    const {source} = world.sandbox
    await source.configure({max_prepared_transactions: 5})
    await source.restart()
    shop = await world.sandbox.openShop({formation: {web: 1}, credentials: ['etl']})
    shop.addon.poolUrl = shop.source.url
    const [name, namespace] = ['DATABASE_CONNECTION_POOL', 'connection-pooling:default']
    attach(shop.app.platform, {app: shop.app, addon: shop.addon, name, namespace})
    await shop.app.settle()
    world.sandbox.heroku.createApp({name: 'no-postgres', slug: {dir: folder, processTypes: {}}})

    const authority = await createCertificateAuthority(folder, 'Another root')
    const tls = await authority.issueServerCertificate()
    const other = await authority.issueServerCertificate({hosts: ['db.example.com'], name: 'elsewhere'})
    const server = await startServer({major: 15, tls})
    misnamed = await startServer({major: 17, tls: other})
    const rds = await provisionRdsInstance(server)
    old = {server, database: await rds.createTargetDatabase()}
  })

  after('stop the other servers', async () => {
    await Promise.all([old?.server.stop({immediate: true}), misnamed?.stop({immediate: true})])
    rmSync(folder, {recursive: true, force: true})
  })

  const onSource = (sql: string) => world.sandbox.source.superuser(shop.source.database, sql)
  const asOwner = async (sql: string) => {
    const client = new pg.Client({connectionString: shop.source.url, ssl: {rejectUnauthorized: false}})
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }
  const url = (change: (url: URL) => void) => (target: TargetDatabase) => {
    const changed = new URL(target.url)
    change(changed)
    return {env: {RDS_DATABASE_URL: changed.href}}
  }

  const cases: [what: string, exit: number, says: RegExp, given: (target: TargetDatabase) => Given][] = [
    ['an unknown app', 3, /Couldn't find that app/, () => ({app: 'no-such-app'})],
    ['an app without Heroku Postgres', 3, /no-postgres has no Heroku Postgres/, () => ({app: 'no-postgres'})],
    ['an unknown database', 3, /has no database called NOPE .*DATABASE/, () => ({args: ['NOPE']})],
    ['no target', 2, /no target is named/, () => ({env: {RDS_DATABASE_URL: undefined}})],
    [
      'a target that is no URL',
      2,
      /RDS_DATABASE_URL (is not a URL|does not name)/,
      () => ({env: {RDS_DATABASE_URL: 'hello'}}),
    ],
    [
      'a target that is no Postgres',
      2,
      /does not name user, host and database/,
      () => ({env: {RDS_DATABASE_URL: 'mysql://u:p@h/d'}}),
    ],
    ['a host that does not exist', 3, /nowhere\.invalid/, url((to) => (to.hostname = 'nowhere.invalid'))],
    ['a port where nobody listens', 3, /localhost:1\/\S+ refuses connections/, url((to) => (to.port = '1'))],
    ['a wrong password', 3, /refused the password/, url((to) => (to.password = 'wrong'))],
    ['an unknown target database', 3, /nowhere does not exist/, url((to) => (to.pathname = '/nowhere'))],
    [
      'an unknown authority',
      3,
      /not signed by a trusted authority/,
      url((to) => to.searchParams.delete('sslrootcert')),
    ],
    [
      'an authority file that is not there',
      2,
      /\/no\/such\.crt, which cannot be read/,
      url((to) => to.searchParams.set('sslrootcert', '/no/such.crt')),
    ],
    [
      'a certificate for another host',
      3,
      /certificate of .* is for another host/,
      () => ({env: {RDS_DATABASE_URL: misnamed.superuserUrl()}}),
    ],
    [
      'a target older than the source',
      3,
      /target runs Postgres 15/,
      () => ({env: {RDS_DATABASE_URL: old.database.url}}),
    ],
    [
      'a target with contents of its own',
      3,
      /the target holds 1 objects that this plugin did not create/,
      ({database}) => ({change: () => world.sandbox.target.superuser(database, 'create table public.theirs ()')}),
    ],
    [
      'the source as target',
      3,
      /the target is the source itself/,
      () => ({env: {RDS_DATABASE_URL: verifiedUrl(world.sandbox.source, shop.source)}}),
    ],
    [
      'an instance with another endpoint',
      2,
      /leads to 127\.0\.0\.1, the endpoint of shop-rds is localhost/,
      (target) => ({
        args: ['--target', world.sandbox.instance, '--region', 'us-east-1'],
        env: {RDS_DATABASE_URL: target.url.replace('@localhost', '@127.0.0.1')},
      }),
    ],
    [
      'an app the account may not see',
      3,
      /Heroku refused/,
      () => ({
        change: () => world.sandbox.heroku.setPermission(shop.name, false),
        restore: () => world.sandbox.heroku.setPermission(shop.name, true),
      }),
    ],
    ['an invalid API key', 3, /Heroku refused the login/, () => ({env: {HEROKU_API_KEY: 'HRKU-nobody'}})],
    ['the wrong name to confirm', 2, /confirmation did not match/, () => ({args: ['--confirm', 'another-app']})],
    ['a budget that is no duration', 2, /soon is not a duration/, () => ({args: ['--budget', 'soon']})],
    [
      'a budget below the estimate',
      3,
      /needs about \d+ s, more than the budget of 60 s/,
      () => ({args: ['--budget', '1m']}),
    ],
    [
      'smoke SQL that is not there',
      2,
      /\/no\/such\.sql cannot be read/,
      () => ({args: ['--smoke-sql', '/no/such.sql']}),
    ],
    [
      'an authority that dynos do not have',
      3,
      /a one-off dyno of shop-\d+ cannot use the target/,
      () => ({args: ['--ca-file', '/etc/ssl/certs/ca-certificates.crt']}),
    ],
    [
      'a table of another role',
      3,
      /theirs.* is owned by/,
      () => ({
        change: () =>
          onSource(
            `create table public.theirs (); alter table public.theirs owner to postgres_nobody`.replace(
              'postgres_nobody',
              `"${shop.source.credentials['etl']!.user}"`,
            ),
          ),
        restore: () => onSource('drop table public.theirs'),
      }),
    ],
    [
      'a large object of another role',
      3,
      /large objects \(1\) are owned by/,
      () => ({change: () => onSource('select lo_create(4242)'), restore: () => onSource('select lo_unlink(4242)')}),
    ],
    [
      'a prepared transaction',
      3,
      /transaction \S*left-open\S* is prepared/,
      () => ({
        change: () => asOwner(`begin; update products set stock = stock; prepare transaction 'left-open'`),
        restore: () => asOwner(`rollback prepared 'left-open'`),
      }),
    ],
  ]

  for (const [what, exit, says, given] of cases) {
    it(what, async () => {
      const {sandbox} = world
      const target = await sandbox.rds.createTargetDatabase()
      const {app = shop.name, args = [], env = {}, change, restore} = given(target)
      const confirm = args.includes('--confirm') ? [] : ['--confirm', app]
      await change?.()
      const asBefore = stateOf(shop.app)
      try {
        const {code, stdout, stderr} = await sandbox.cli(['rds:cutover', ...args, '--app', app, ...confirm], {
          env: {...shop.env, RDS_DATABASE_URL: target.url, ...env},
        })
        const said = stderr.replaceAll(/[\s›»]+/g, ' ')
        expect(said).to.match(says)
        expect(code, said).to.equal(exit)
        expect(stderr, 'a stack trace').not.to.match(/\n\s+at \S+ \(/)
        expect(stdout).to.equal('')
      } finally {
        await restore?.()
      }
      expect(stateOf(shop.app)).to.deep.equal(asBefore)
      expect(await fenceOf(sandbox.source, shop.source.database), 'fence on the source').to.equal('absent')
      expect(await bearsTraces(sandbox.source, shop.source.database), 'traces in the source').to.equal(false)
      const named =
        env.RDS_DATABASE_URL === old.database.url
          ? ([old.server, old.database] as const)
          : ([sandbox.target, target] as const)
      expect(await bearsTraces(named[0], named[1].database), 'traces in the target').to.equal(false)
    })
  }

  it('with --json, the exit code is the same and the error is JSON', async () => {
    const args = ['rds:cutover', 'NOPE', '--app', shop.name, '--confirm', shop.name, '--json']
    const {code, stdout} = await world.sandbox.cli(args, {env: shop.env})
    const {error} = JSON.parse(stdout) as {error: {code: string; exit: number}}
    expect(error).to.include({code: 'unknown_database', exit: 3})
    expect(code).to.equal(3)
  })

  it('to show rows in JSON is wrong usage', async () => {
    const args = ['rds:verify', '--app', shop.name, '--show-rows', '--json']
    const {code, stdout} = await world.sandbox.cli(args, {env: shop.env})
    const {error} = JSON.parse(stdout) as {error: {code: string; exit: number}}
    expect(error).to.include({code: 'rows_are_not_for_json', exit: 2})
    expect(code).to.equal(2)
  })

  it('and the shop goes on', async () => {
    shop.customersCome()
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'source')
  })
})
