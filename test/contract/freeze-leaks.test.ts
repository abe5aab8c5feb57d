import {expect} from 'chai'
import pg from 'pg'

import {freezeSource, stillFrozen} from '../../src/lib/runbook/steps/freeze-source.js'
import {finish} from '../../src/lib/runbook/steps/finish.js'
import {captureOf} from '../support/capture.js'
import {ask, codeOf, newClient, servers, type Source, until} from '../support/servers.js'

const REFUSED = '25006'

const SCHEMA = `
  create table items (id int primary key, v text); insert into items select n, 'v' from generate_series(1, 20) n;
  create sequence numbers; create schema billing; create table billing.payments (id int primary key);
  grant usage on schema public, billing to other; grant all on all tables in schema public, billing to other; grant all on sequence numbers to other`

/** Says of its session what the freeze says of none: that it may write. */
const OVERRIDE = 'set default_transaction_read_only = off'

/** By what a freeze that only revokes privileges leaks. */
describe('A frozen source', function () {
  this.timeout(120_000)
  const both = servers()
  let source: Source
  let other: string
  let migration: Awaited<ReturnType<typeof captureOf>>['migration']
  let inFlight: Promise<unknown>
  let knocking: ReturnType<typeof knock>
  let frozenAt: number

  before(async () => {
    source = await both.newSource({credentials: ['other']})
    other = source.credentials['other']!.url
    await ask(source.url, SCHEMA.replaceAll(' other', ` ${source.credentials['other']!.user}`))
    const capture = await captureOf(source, await both.newTarget())
    await capture.start()
    migration = capture.migration
    knocking = knock(source)
    await until('the loop to write', () => Promise.resolve(knocking.acknowledged.length > 3))

    const client = await newClient(source.url)
    await client.query(`begin; insert into items values (100, 'in flight')`)
    inFlight = new Promise((done) => setTimeout(done, 700))
      .then(() => client.query('commit'))
      .finally(() => client.end())
    await freezeSource.run(migration)
    frozenAt = Date.now()
  })

  after(() => knocking.stop())

  it('has what was in flight when it froze: its commit is waited for', async () => {
    await inFlight
    expect(await ask(source.url, 'select v from items where id = 100')).to.deep.equal([{v: 'in flight'}])
  })

  for (const [what, url, sql] of [
    ['another credential', () => other, `insert into items values (200)`],
    ['another schema', () => source.url, 'insert into billing.payments values (1)'],
    ['TRUNCATE', () => source.url, 'truncate items'],
    ['nextval', () => source.url, `select nextval('numbers')`],
    ['nextval by another credential', () => other, `select nextval('numbers')`],
    ['a new table', () => source.url, 'create table fresh (id int)'],
    ['a new table filled from a query', () => source.url, 'create table fresh as select * from items'],
    ['privileges it grants itself', () => source.url, 'grant all on items to public'],
    ['the owner who takes the fence away', () => source.url, 'drop trigger heroku_rds_fence on items'],
    ['a session that allows itself to write', () => source.url, `${OVERRIDE}; insert into items values (300)`],
    ['a session that grants itself and writes', () => other, `${OVERRIDE}; update items set v = 'x'`],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const client = await newClient(url())
      let code = ''
      for (const statement of sql.split('; ')) code = await codeOf(client.query(statement)).catch(() => '')
      await client.end()
      expect(code).to.equal(REFUSED)
      expect(await stillFrozen(migration)).to.equal(undefined)
    })
  }

  it('acknowledges nothing to a session that connects again and again', async () => {
    await until('a hundred refusals', () => Promise.resolve(knocking.refused.length > 100))
    expect(knocking.acknowledged.filter(({begun}) => begun > frozenAt)).to.deep.equal([])
    expect(
      [...new Set(knocking.refused)].filter((code) => !/^(25006|57P01|ECONNRESET|EPIPE|none)$/.test(code)),
    ).to.deep.equal([])
    const [row] = await ask<{n: number}>(source.url, `select count(*)::int as n from items where v = 'knock'`)
    expect(row!.n).to.equal(knocking.acknowledged.length)
  })

  for (const [what, sql, undo] of [
    ['a new table', 'create table sneaked as select * from items', 'drop table sneaked'],
    [
      'a fence that its owner switched off',
      'alter table items disable trigger heroku_rds_fence',
      'alter table items enable always trigger heroku_rds_fence',
    ],
    ['a new column', 'alter table items add sneaked int', 'alter table items drop sneaked'],
  ] as const) {
    it(`is not called frozen after a session that allows itself to write made ${what}`, async () => {
      await ask(source.url, `begin read write; ${sql}; commit`)
      expect(await stillFrozen(migration)).to.be.a('string')
      await ask(source.url, `begin read write; ${undo}; commit`)
    })
  }

  it('is thawed in less than a second', async () => {
    const begun = Date.now()
    if (typeof freezeSource.undo === 'function') await freezeSource.undo(migration)
    await ask(source.url, `insert into items values (400); select nextval('numbers'); create table fresh (id int)`)
    expect(Date.now() - begun).to.be.below(1000)
  })
})

describe('A source that was given up', function () {
  this.timeout(60_000)
  const both = servers()

  for (const [whose, secondLine] of [
    ['of the role', true],
    ['of somebody else, so that the role cannot set its read-only default', false],
  ] as const) {
    it(`refuses writes to the end, when the database is ${whose}`, async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      await ask(source.url, 'create table items (id int primary key)')
      if (!secondLine)
        await ask(
          source.superuserUrl,
          `alter database ${source.database} owner to current_user; grant all on database ${source.database} to ${source.user}`,
        )
      const capture = await captureOf(source, target)
      await capture.start()
      await freezeSource.run(capture.migration)
      const said = await finish.run(capture.migration)
      expect(said).to.include(
        secondLine ? 'the source refuses writes by default_transaction_read_only' : 'the fence on the source',
      )
      expect(await codeOf(ask(source.url, 'insert into items values (1)'))).to.equal(REFUSED)
      const overriding = ask(source.url, 'begin read write; insert into items values (2); commit')
      if (secondLine) await overriding
      else expect(await codeOf(overriding)).to.equal(REFUSED)
      const ours = await ask<{name: string}>(
        source.superuserUrl,
        `select proname as name from pg_proc where pronamespace = to_regnamespace('heroku_rds')
         union all
         select relname from pg_class where relnamespace = to_regnamespace('heroku_rds') and relname not like 'claim%'`,
      )
      expect(ours.map(({name}) => name.replace(/_pkey$|_key$/, ''))).to.deep.equal(secondLine ? [] : ['fence'])
    })
  }
})

/** Connects, writes and connects again, whatever it meets. */
function knock({url}: Source) {
  const [acknowledged, refused]: [{begun: number}[], string[]] = [[], []]
  let stopped = false
  const loop = (async () => {
    for (let id = 1000; !stopped; id++) {
      const client = new pg.Client({connectionString: url, ssl: {rejectUnauthorized: false}})
      client.on('error', () => undefined)
      try {
        await client.connect()
        const begun = Date.now()
        await client.query(`insert into items values (${id}, 'knock')`)
        acknowledged.push({begun})
      } catch (error) {
        refused.push((error as {code?: string}).code ?? 'none')
      }
      await client.end().catch(() => undefined)
    }
  })()
  return {acknowledged, refused, stop: () => ((stopped = true), loop)}
}
