import {expect} from 'chai'

import type {PostgresServer} from '../../sandbox/postgres/server.js'
import type {Shop} from '../../sandbox/shop.js'
import {expectBusiness, expectCleanLedger} from '../support/app-state.js'
import {ask, codeOf} from '../support/servers.js'
import {cutOver, prepare, useSandbox} from '../support/world.js'
import {primaryOf} from './support.js'

const CAPTURE = {method: 'change-capture'} as const

/** All that an owner can give away beforehand, of whatever will be created later. */
const GENEROUS = ['schemas', 'tables', 'sequences', 'functions', 'types'].map(
  (kind) => `alter default privileges grant all on ${kind} to`,
)

const CLOSED = '42501'
const FROZEN = '25006'

/** What would lower a fence, forge what is noted, read it, raise an epoch, or become the owner. */
const ON_BOTH: Record<string, string> = {
  'lowers the fence': `create or replace function heroku_rds.fence() returns trigger language plpgsql as 'begin return null; end'`,
  'takes the function away': 'drop function heroku_rds.fence() cascade',
  'takes the fence off a table': 'drop trigger heroku_rds_fence on products',
  'switches the fence of a table off': 'alter table products disable trigger heroku_rds_fence',
  'silences triggers': 'set session_replication_role = replica',
  'uses the fence on a table of its own': `
    create temp table own (id int);
    create trigger spy before insert on own for each statement execute function heroku_rds.fence()`,
  'makes something in the schema': 'create table heroku_rds.own (id int)',
  'opens the schema': 'grant all on schema heroku_rds to public',
  'renames the schema': 'alter schema heroku_rds rename to other',
}
const ON_SOURCE: Record<string, string> = {
  'raises the epoch': 'update heroku_rds.claim set epoch = epoch + 1',
  'claims the source for another target': `update heroku_rds.claim set target = 'mine'`,
  'reads the claim': 'select from heroku_rds.claim',
  'draws numbers of the log': `select nextval('heroku_rds.seq')`,
  'reads what is noted of truncations': 'select from heroku_rds.truncations',
  'forges a mark of a sync': `update heroku_rds.sync_mark set nth = nth + 1`,
}
const ON_TARGET: Record<string, string> = {
  'reads the pass': 'select from heroku_rds.notes',
  'forges evidence': `update heroku_rds.steps set evidence = 'all equal'`,
  'raises the epoch': 'update heroku_rds.migration set epoch = epoch + 1',
  'takes the lock of the operator': `delete from heroku_rds.lock_holder`,
  'forges a proof': 'update heroku_rds.sync_units set verified_sync = 1',
  'forges landed writes': `delete from heroku_rds.landed_writes`,
}

describe('Another credential, with all that an owner can give away', () => {
  const world = useSandbox()

  it('can neither lower a fence, nor forge, read, take over or become the owner, on either side, at any time', async () => {
    const {source, target} = world.sandbox
    const shop = await world.sandbox.openShop()
    const [onSource, onTarget] = [await otherRole(source, shop.source), await otherRole(target, shop.target)]
    shop.customersCome()
    await expectBusiness(shop)
    await prepare(shop)
    await expectClosed(shop, onSource, onTarget)
    await cutOver(shop, {
      ...CAPTURE,
      settings: {gate: 'ask'},
      async decide() {
        await expectClosed(shop, onSource, onTarget)
        for (const url of [onSource, onTarget])
          for (const pass of ['', hashIn(await functionIn(url))])
            expect(
              await codeOf(
                ask(
                  url,
                  `set transaction read write; set heroku_rds.pass = '${pass}'; set heroku_rds.key = '${pass}'; delete from products`,
                ),
              ),
              'writing through the fence',
            ).to.equal(FROZEN)
        return true
      },
    })
    expect(primaryOf(shop)).to.equal('target')
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('has had its way once: an epoch that no operator ever had is no hindrance', async () => {
    const shop = await world.sandbox.openShop()
    await prepare(shop)
    await world.sandbox.source.superuser(
      shop.source.database,
      'update heroku_rds.claim set epoch = 9223372036854775807',
    )
    await cutOver(shop, CAPTURE)
    expect(primaryOf(shop)).to.equal('target')
  })

  async function expectClosed(shop: Shop, onSource: string, onTarget: string): Promise<void> {
    const owners = {[onSource]: shop.source.url, [onTarget]: shop.target.url}
    for (const [url, attacks] of [
      [onSource, {...ON_BOTH, ...ON_SOURCE}],
      [onTarget, {...ON_BOTH, ...ON_TARGET}],
    ] as const) {
      const owner = new URL(owners[url]!).username
      for (const [what, sql] of Object.entries({...attacks, 'becomes the owner': `set role "${owner}"`}))
        expect(await codeOf(ask(url, `set transaction read write; ${sql}`)), `it ${what}`).to.equal(CLOSED)
    }
  }

  /** What anybody can read of a function. */
  async function functionIn(url: string): Promise<string> {
    const [row] = await ask<{prosrc: string}>(
      url,
      `select prosrc from pg_proc p join pg_namespace n on n.oid = p.pronamespace where nspname = 'heroku_rds' and proname = 'fence'`,
    )
    return row!.prosrc
  }

  const hashIn = (body: string): string => /'([0-9a-f]{64})'/.exec(body)![1]!

  async function otherRole(server: PostgresServer, {url, database}: {url: string; database: string}): Promise<string> {
    const role = `other_${database}`
    await server.superuser(
      'postgres',
      `create role "${role}" login password 'other'; grant connect, create, temp on database "${database}" to "${role}"`,
    )
    await ask(url, GENEROUS.map((grant) => `${grant} "${role}"`).join(';'))
    await ask(
      url,
      `do $$ declare s text; begin
         for s in select nspname from pg_namespace where pg_get_userbyid(nspowner) = current_user or nspname = 'public' loop
           begin
             execute format('grant usage, create on schema %I to "${role}"; grant all on all tables in schema %I to "${role}"', s, s);
           exception when insufficient_privilege then null;
           end;
         end loop;
       end $$`,
    )
    const other = new URL(url)
    other.username = role
    other.password = 'other'
    return other.href
  }
})
