import {readFileSync} from 'node:fs'

import {expect} from 'chai'

import {clock} from '../../src/lib/adapters/clock.js'
import {openDatabase} from '../../src/lib/adapters/postgres.js'
import {assess, CHECKS} from '../../src/lib/assessment/assess.js'
import type {Check, Subject} from '../../src/lib/assessment/check.js'
import {accountFacts} from '../../src/lib/assessment/facts/account.js'
import {appFacts} from '../../src/lib/assessment/facts/apps.js'
import {sourceFacts} from '../../src/lib/assessment/facts/source.js'
import {targetFacts} from '../../src/lib/assessment/facts/target.js'
import {ADDON, healthyHeroku, healthyRds} from '../support/healthy.js'
import {ask, newClient, servers, type Source, SOURCE_TLS, type Target} from '../support/servers.js'

const SHOP = readFileSync(new URL('../../sandbox/shop/schema.sql', import.meta.url), 'utf8')

/** So that no version under test is at the end of its life. */
const NOW = new Date('2026-11-24T00:00:00Z')

describe('the checks of the assessment', () => {
  const both = servers()
  let source: Source
  let target: Target

  before(async () => {
    source = await both.newSource()
    await ask(source.url, `${SHOP}; alter table order_lines alter total drop expression`)
    target = await both.newTarget({subscribes: true})
  })

  const subject = async (): Promise<Subject> => {
    const heroku = healthyHeroku()
    const facts = await targetFacts(target.db, (await healthyRds.find(target.parts))!)
    return {
      app: 'shop',
      now: NOW,
      keep: [],
      account: await accountFacts(heroku),
      ...(await appFacts(heroku, 'shop', ADDON, source.parts)),
      source: source.db,
      sourceFacts: {
        ...(await sourceFacts(source.db, heroku, ADDON)),
        replication: {walLevel: 'logical', role: true, slotsLeft: 10},
      },
      target: target.db,
      targetFacts: {
        ...facts,
        replicaRole: true,
        settings: {...facts.settings, 'rds.logical_replication': 'on'},
      },
    }
  }
  const inspected = async (check: Check) => check.inspect(await subject())

  it('have names of their own and a question, and are many', () => {
    expect(new Set(CHECKS.map(({id}) => id)).size).to.equal(CHECKS.length)
    for (const {id, question} of CHECKS) {
      expect(id).to.match(/^[a-z]+(-[a-z]+)*$/)
      expect(question).to.match(/^[A-Z].*\?$/)
    }
    expect(CHECKS.length).to.be.at.least(45)
  })

  for (const check of CHECKS) {
    const {id, example} = check
    it(`${id}: silent on a healthy shop, found in its example, silent again when its own remedy was applied`, async () => {
      expect(await inspected(check), 'healthy').to.deep.equal([])
      if ('facts' in example) {
        const findings = await check.inspect(example.facts(await subject()))
        expect(findings).to.have.lengthOf.at.least(1)
        for (const {what, remedy} of findings) expect([what, remedy].join()).to.match(/\S.*,.*\S/)
        return
      }
      const side = example.on === 'source' ? source : target
      const url = example.superuser ? side.superuserUrl : side.url
      const client = await newClient(url)
      await client.query(example.sql)
      if (!example.held) await client.end()
      const findings = await inspected(check)
      expect(findings).to.have.lengthOf.at.least(1)
      for (const {what, remedy} of findings) expect([what, remedy].join()).to.match(/\S.*,.*\S/)
      if (example.held) {
        await client.query(example.cure!)
        await client.end()
      } else if (example.cure) await ask(url, example.cure)
      else for (const {fix} of findings) await ask(url, fix!)
      expect(await inspected(check), 'cured').to.deep.equal([])
    })
  }

  it('find everything at once that a database can have, and lose nothing of it', async () => {
    const troubled = await both.newSource()
    await ask(troubled.url, SHOP)
    const examples = CHECKS.flatMap(({id, example}) =>
      'sql' in example && example.on === 'source' ? [{id, ...example}] : [],
    )
    const open = []
    for (const {sql, superuser, held} of examples) {
      const client = await newClient(superuser ? troubled.superuserUrl : troubled.url)
      await client.query(sql)
      if (held) open.push(client)
      else await client.end()
    }
    const reading = openDatabase('source', troubled.parts, SOURCE_TLS, {reading: true})
    const {findings} = await assess({
      app: 'shop',
      addon: ADDON,
      heroku: healthyHeroku(),
      source: reading,
      sourceAddress: troubled.parts,
      target: target.db,
      rds: healthyRds,
      clock,
    })
    await reading.close()
    for (const client of open) await client.end()
    const found = new Set(findings.map(({check}) => check))
    expect(examples.map(({id}) => id).filter((id) => !found.has(id))).to.deep.equal([])
    expect(examples).to.have.lengthOf.at.least(45)
  })

  it('lengthen a sequence that belongs to no identity column by itself', async () => {
    await ask(source.url, "create sequence public.nearly_done as int; select setval('public.nearly_done', 2100000000)")
    const check = CHECKS.find(({id}) => id === 'sequences-near-end')!
    const [found] = await inspected(check)
    expect(found!.fix).to.equal('alter sequence public.nearly_done as bigint no maxvalue')
    await ask(source.url, found!.fix!)
    expect(await inspected(check)).to.deep.equal([])
  })

  it('report transactions that have been open for a minute, by the clock of the server', async () => {
    const check = CHECKS.find(({id}) => id === 'open-transactions')!
    const client = await newClient(source.url)
    await client.query('begin; create table public.half_done ()')
    expect(await inspected(check), 'just begun').to.deep.equal([])
    const ofAnyAge = <Row>(sql: string, params?: unknown[]) =>
      source.db.query<Row>(sql.replace(`interval '1 minute'`, `interval '0'`), params)
    const found = await check.inspect({...(await subject()), source: {...source.db, query: ofAnyAge}})
    expect(found.map(({what}) => what.replace(/^pid \d+ \(\w+\) /, ''))).to.deep.equal([
      'has had a transaction open for 0 min, idle in transaction, with uncommitted writes',
    ])
    await client.query('rollback')
    await client.end()
  })

  it('find another credential at work', async () => {
    const shared = await both.newSource({credentials: ['analytics']})
    const {user, url} = shared.credentials.analytics!
    const other = await shared.client(url)
    const check = CHECKS.find(({id}) => id === 'outside-clients')!
    const found = await check.inspect({...(await subject()), source: shared.db})
    expect(found.map(({what}) => what)).to.deep.equal([`credential ${user} has 1 session on ${ADDON.name}`])
    await other.end()
  })
})
