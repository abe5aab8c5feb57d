import {once} from 'node:events'
import {readFileSync} from 'node:fs'

import {expect} from 'chai'

import {clock} from '../../src/lib/adapters/clock.js'
import {openDatabase} from '../../src/lib/adapters/postgres.js'
import {assess, CHECKS} from '../../src/lib/assessment/assess.js'
import type {ByHand, Check, SqlExample, Subject} from '../../src/lib/assessment/check.js'
import {accountFacts} from '../../src/lib/assessment/facts/account.js'
import {appFacts} from '../../src/lib/assessment/facts/apps.js'
import {sourceFacts} from '../../src/lib/assessment/facts/source.js'
import {targetFacts} from '../../src/lib/assessment/facts/target.js'
import type {Found, RunBy} from '../../src/lib/ports/assessment.js'
import {inventoryDifferences} from '../../src/lib/verify/inventory.js'
import {compare, copyOf} from '../support/copy.js'
import {ADDON, healthyHeroku, healthyRds} from '../support/healthy.js'
import {ask, errorOf, newClient, servers, type Source, SOURCE_TLS, type Target} from '../support/servers.js'

const SHOP = readFileSync(new URL('../../sandbox/shop/schema.sql', import.meta.url), 'utf8')

/** So that no version under test is at the end of its life. */
const NOW = new Date('2026-11-24T00:00:00Z')

/** Remedies that no SQL carries out: a new check must be added here, or have its remedy executed. */
const BY_HAND: Record<ByHand, string[]> = {
  'after-the-move': ['followers', 'kept-config-vars', 'grants-to-others', 'default-privileges', 'security-labels'],
  'another-database': [
    'is-follower',
    'encoding',
    'target-version',
    'target-is-source',
    'target-standby',
    'target-encoding',
    'target-collation',
    'target-end-of-life',
    'target-extension-versions',
    'offered-versions',
  ],
  'another-machine': ['nearer'],
  'another-method': [
    'private-plan',
    'generated-columns',
    'types-for-dms',
    'exclusion-constraints',
    'logical-decoding',
    'partitions-hashed-otherwise',
  ],
  app: [
    'shared-database',
    'other-credentials',
    'config-vars-not-moved',
    'nothing-to-move',
    'outside-source',
    'pooler',
    'release-phase',
    'stack-without-authorities',
    'driver-certificates',
    'pipeline',
    'connections-left',
    'outside-clients',
    'temporary-tables',
    'server-positions',
    'extension-schemas',
    'column-collations',
    'wide-rows',
  ],
  aws: [
    'no-static-addresses',
    'target-reachable',
    'target-reachable-from-dynos',
    'target-certificate',
    'target-connections',
    'target-logical-replication',
    'target-force-ssl',
    'target-logs-passwords',
    'target-storage',
    'target-status',
    'target-backups',
    'target-multi-az',
    'target-deletion-protection',
    'target-encryption',
    'target-writer-endpoint',
  ],
  heroku: [
    'api-requests',
    'login-ends',
    'heroku-rights',
    'not-available',
    'planned-maintenance',
    'unseen-apps',
    'scheduler',
    'autoscaler',
    'heroku-connect',
  ],
  nothing: [
    'end-of-life',
    'preboot',
    'autoscaling',
    'fir',
    'wraparound-vacuum',
    'constraint-triggers',
    'hidden-timeline',
    'tablespaces',
  ],
}

/** Whose examples are facts, and whose remedies tests of their own carry out, below. */
const APART = ['open-transactions', 'policies-for-roles-to-come', 'target-replica-role', 'target-may-subscribe']

/** What a copy would stumble over, were it not for the check; the other blockers guard the freeze, the rows or later refreshes. */
const STOPS_A_COPY = [
  'policies-for-roles',
  'base-types',
  'untrusted-languages',
  'functions-by-search-path',
  'queries-by-search-path',
  'superuser-objects',
  'target-extension-rights',
  'target-usage',
  'target-schemas',
  'target-collations',
  'function-settings',
]

describe('the checks of the assessment', () => {
  const both = servers()
  let source: Source
  let target: Target
  /** How most of the checks read them. */
  let shared: ReturnType<typeof openToRead>

  const healthySource = async (): Promise<Source> => {
    const fresh = await both.newSource()
    await ask(fresh.url, `${SHOP}; alter table order_lines alter total drop expression`)
    return fresh
  }

  before(async () => {
    source = await healthySource()
    target = await both.newTarget({subscribes: true})
    shared = openToRead({source, target})
  })
  after(() => closeAll(shared))

  interface Sides {
    source: Source
    target: Target
  }

  const openToRead = (sides: Sides) => ({
    source: openDatabase('source', sides.source.parts, SOURCE_TLS, {reading: true}),
    target: openDatabase('target', sides.target.parts, sides.target.tls, {reading: true}),
  })

  /** As an assessment sees them: through sessions that only read. */
  async function withSubject<T>(sides: Sides, work: (subject: Subject) => Promise<T>): Promise<T> {
    const isShared = sides.source === source && sides.target === target
    const reading = isShared ? shared : openToRead(sides)
    try {
      const heroku = healthyHeroku()
      const facts = await targetFacts(reading.target, (await healthyRds.find(sides.target.parts))!)
      return await work({
        app: 'shop',
        now: NOW,
        keep: [],
        account: await accountFacts(heroku),
        ...(await appFacts(heroku, 'shop', ADDON, sides.source.parts)),
        source: reading.source,
        sourceFacts: {
          ...(await sourceFacts(reading.source, heroku, ADDON)),
          replication: {walLevel: 'logical', role: true, slotsLeft: 10},
        },
        target: reading.target,
        targetFacts: {
          ...facts,
          replicaRole: true,
          settings: {...facts.settings, 'rds.logical_replication': 'on'},
        },
      })
    } finally {
      if (!isShared) await closeAll(reading)
    }
  }
  const closeAll = (reading: typeof shared) => Promise.all([reading.source.close(), reading.target.close()])
  const inspected = (check: Check, sides: Sides = {source, target}) =>
    withSubject(sides, async (subject) => check.inspect(subject))
  const checkOf = (id: string): Check => CHECKS.find((check) => check.id === id)!

  /** RDS creates extensions for its master as a superuser, and lets it grant their wrappers; the sandbox's master is not patched so. */
  const masterOf = ({target: of}: Sides, sql: string): string =>
    /extension|foreign data wrapper/.test(sql) ? of.superuserUrl : of.masterUrl

  /** Runs a fix where and as whom it says. What a superuser made in an example is the superuser's. */
  async function run({fix, runBy}: Found, sides: Sides, superuser: boolean): Promise<void> {
    const urls: Record<RunBy | 'source', string> = {
      source: superuser ? sides.source.superuserUrl : sides.source.url,
      'source-owner': sides.source.superuserUrl,
      target: sides.target.url,
      'target-master': masterOf(sides, fix!),
      shell: 'not by SQL',
    }
    await ask(urls[runBy ?? 'source'], fix!)
  }

  it('have names of their own and a question, and are many', () => {
    expect(new Set(CHECKS.map(({id}) => id)).size).to.equal(CHECKS.length)
    for (const {id, question} of CHECKS) {
      expect(id).to.match(/^[a-z]+(-[a-z]+)*$/)
      expect(question).to.match(/^[A-Z].*\?$/)
    }
    expect(CHECKS.length).to.be.at.least(45)
  })

  it('have remedies that are executed here, or say by whose hand they are carried out', () => {
    const named = Object.entries(BY_HAND).flatMap(([hand, ids]) => ids.map((id) => `${id} by ${hand}`))
    const byHand = CHECKS.flatMap(({id, example}) => (example.byHand ? [`${id} by ${example.byHand}`] : []))
    expect(byHand.sort()).to.deep.equal(named.sort())
    const apart = CHECKS.filter(({example}) => 'facts' in example && !example.byHand).map(({id}) => id)
    expect(apart).to.deep.equal(APART)
  })

  for (const check of CHECKS) {
    const {id, example, level} = check
    const how = example.byHand === undefined ? ', silent again when its remedy was applied' : ''
    it(`${id}: silent on a healthy shop, found in its example${how}`, async () => {
      const apart = 'sql' in example && (level === 'blocker' || example.otherSide !== undefined)
      const sides = apart
        ? {source: await healthySource(), target: await both.newTarget({subscribes: true})}
        : {source, target}
      expect(await inspected(check, sides), 'healthy').to.deep.equal([])
      if ('facts' in example) {
        const findings = await withSubject(sides, async (subject) => check.inspect(example.facts(subject)))
        expectWords(findings)
        return
      }
      const [side, other] =
        example.on === 'source' ? ([sides.source, sides.target] as const) : ([sides.target, sides.source] as const)
      if (example.otherSide) await ask(other.superuserUrl, example.otherSide)
      const url = example.superuser ? side.superuserUrl : example.master ? sides.target.masterUrl : side.url
      const client = await newClient(url)
      await client.query(example.sql)
      if (!example.held) await client.end()
      const findings = await inspected(check, sides)
      expectWords(findings)
      if (level === 'blocker') await expectRefusal(id, sides)
      if (example.cure) await ask(url, example.cure)
      else if (!example.byHand) for (const found of findings) await run(found, sides, example.superuser ?? false)
      if (!example.byHand) expect(await inspected(check, sides), 'cured').to.deep.equal([])
      if (example.undo) await client.query(example.undo).catch(() => ask(url, example.undo!))
      await client.end().catch(() => undefined)
      if (level === 'blocker') await expectCopy(sides)
    })
  }

  function expectWords(findings: readonly Found[]): void {
    expect(findings).to.have.lengthOf.at.least(1)
    for (const {what, remedy} of findings) expect([what, remedy].join()).to.match(/\S.*,.*\S/)
  }

  /** A blocker is none for nothing. */
  async function expectRefusal(id: string, sides: Sides): Promise<void> {
    if (!STOPS_A_COPY.includes(id)) return
    const to = await both.newTarget()
    await errorOf(copyOf(sides.source, id.startsWith('target-') ? sides.target : to).everything())
  }

  /** What stood in its way stands there no more. */
  async function expectCopy(sides: Sides): Promise<void> {
    await copyOf(sides.source, sides.target).everything()
    expect(await inventoryDifferences({from: sides.source.db, to: sides.target.db})).to.deep.equal([])
    expect((await compare(sides)).differences).to.deep.equal([])
  }

  it('find everything at once that a database can have, and lose nothing of it', async () => {
    const troubled = await both.newSource()
    await ask(troubled.url, SHOP)
    const examples = CHECKS.flatMap(({id, example}) =>
      'sql' in example && example.on === 'source' && !example.otherSide ? [{id, ...example}] : [],
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

  it('find every kind of object that takes a superuser', async () => {
    const from = await both.newSource()
    const check = checkOf('superuser-objects')
    await ask(from.superuserUrl, (check.example as SqlExample).sql)
    const found = await inspected(check, {source: from, target})
    expect(found.map(({what}) => /^only a superuser can create (.*): RDS/.exec(what)?.[1])).to.deep.equal([
      'access method heap_two',
      'aggregate public.listing(pg_catalog.anynonarray), whose state is internal',
      'cast (bigint AS timestamp without time zone), which has no function',
      'cast (character varying AS pg_catalog.uuid), neither of whose types is yours',
      'foreign data wrapper nowhere',
      'function public.listed(integer), which has a SUPPORT function',
      'function public.tight(integer), which is LEAKPROOF',
      'language sql_two',
      'operator public.=~=(integer,integer), which has an estimator of your own',
      'operator family public.odd USING btree',
      'operator family public.odder USING hash',
      'text search parser public.words',
      'text search template public.plain',
      'transform for pg_catalog.macaddr language sql',
    ])
  })

  it('create extensions in a schema that stays open to the app, with those they need and the usage of their wrappers', async () => {
    const sides = {source: await both.newSource(), target: await both.newTarget()}
    await ask(
      sides.source.superuserUrl,
      `create schema fdw; create extension postgres_fdw schema fdw; grant all on schema fdw to public;
       create extension earthdistance schema heroku_ext cascade;
       grant usage on foreign data wrapper postgres_fdw to ${sides.source.user}`,
    )
    await ask(sides.source.url, 'create server far foreign data wrapper postgres_fdw')
    const findings = await inspected(checkOf('target-extension-rights'), sides)
    expect(findings.map(({what}) => what)).to.deep.equal([
      'only the master user can create extension earthdistance on the target',
      'only the master user can create extension postgres_fdw on the target',
    ])
    for (const found of findings) await run(found, sides, false)
    for (const id of ['target-extension-rights', 'target-usage', 'target-schemas'])
      expect(await inspected(checkOf(id), sides), id).to.deep.equal([])
    await expectCopy(sides)
  })

  describe('of what is found by search_path', () => {
    let from: Source
    const found = (change: (subject: Subject) => Subject) =>
      withSubject({source: from, target}, async (subject) =>
        (await checkOf('functions-by-search-path').inspect(change(subject))).map(({what}) => what.split(';')[0]),
      )

    before(async () => {
      from = await both.newSource()
      await ask(
        from.url,
        `create schema lib; create table public.t (id int primary key, a text); insert into t values (1, 'A'), (2, 'b');
         create operator public.=== (leftarg = text, rightarg = text, function = pg_catalog.texteq);
         create function public.outer_one(text) returns text language sql immutable as 'select lower($1)';
         create function lib.inner_one(text) returns text language sql immutable as 'select outer_one($1)';
         create function public.calls(text) returns text language plpgsql immutable as 'begin return lib.inner_one($1); end';
         create function public.compares(text) returns boolean language sql immutable as 'select $1 === ''b''';
         create function public.pinned(text) returns text language sql immutable set search_path = public
           as 'select outer_one($1)';
         create function public.parsed(text) returns text language sql immutable return public.outer_one($1);
         create function public.clean(t text) returns text language plpgsql immutable
           as 'declare outer_two text; begin outer_two := lower(t); return outer_two; end';
         create index on t (calls(a)); create index on t (id) where compares(a); create index on t (pinned(a));
         create index on t (parsed(a)); create index on t (clean(a));
         create domain public.short as text check (public.compares(value) is not null);
         create statistics public.s on (public.calls(a)), (public.clean(a)) from t`,
      )
    })

    it('tells the function behind the one that is called, and operators', async () => {
      expect(await found((subject) => subject)).to.deep.equal([
        'function public.compares(text) finds operator === by search_path',
        'function lib.inner_one(text) finds function outer_one by search_path',
      ])
    })

    it('finds nothing where the target takes the search_path of the session', async () => {
      expect(await found((subject) => ({...subject, targetFacts: {...subject.targetFacts!, major: 16}}))).to.deep.equal(
        [],
      )
    })

    it('goes by the major that is recommended where no target is named', async () => {
      const unnamed = (offered: string) => (subject: Subject) => {
        const {target: _, targetFacts: __, ...rest} = subject
        return {...rest, offers: [{engine: 'postgres' as const, versions: [offered], classes: [], extensions: []}]}
      }
      expect(await found(unnamed('16.9'))).to.deep.equal([])
      expect(await found(unnamed('17.5'))).to.have.lengthOf(2)
    })
  })

  it('lengthen a sequence that belongs to no identity column by itself', async () => {
    await ask(source.url, "create sequence public.nearly_done as int; select setval('public.nearly_done', 2100000000)")
    const check = checkOf('sequences-near-end')
    const [found] = await inspected(check)
    expect(found!.fix).to.equal('alter sequence public.nearly_done as bigint no maxvalue')
    await ask(source.url, found!.fix!)
    expect(await inspected(check)).to.deep.equal([])
  })

  it('report transactions that have been open for a minute, by the clock of the server', async () => {
    const check = checkOf('open-transactions')
    const client = await newClient(source.url)
    await client.query('begin; create table public.half_done ()')
    expect(await inspected(check), 'just begun').to.deep.equal([])
    const found = await withSubject({source, target}, async (subject) => {
      const query = <Row>(sql: string, params?: unknown[]) =>
        subject.source.query<Row>(sql.replace(`interval '1 minute'`, `interval '0'`), params)
      return check.inspect({...subject, source: {...subject.source, query}})
    })
    expect(found.map(({what}) => what.replace(/^pid \d+ \(\w+\) /, ''))).to.deep.equal([
      'has had a transaction open for 0 min, idle in transaction, with uncommitted writes',
    ])
    const ended = errorOf(once(client, 'end').then(() => Promise.reject(new Error('it has ended'))))
    await run(found[0]!, {source, target}, false)
    await ended
    expect(await inspected(check), 'cured').to.deep.equal([])
  })

  it('make roles for policies before there is a target that is known', async () => {
    const to = await both.newTarget()
    const from = await both.newSource()
    const role = `reader-of-${from.database}`
    await ask(from.superuserUrl, `create role "${role}"`)
    await ask(
      from.url,
      `create table docs (id int primary key); alter table docs enable row level security;
       create policy readers on docs to "${role}" using (true)`,
    )
    const unnamed = await withSubject({source: from, target: to}, async ({target: _, targetFacts: __, ...subject}) =>
      checkOf('policies-for-roles-to-come').inspect(subject),
    )
    await run(unnamed[0]!, {source: from, target: to}, false)
    expect(await inspected(checkOf('policies-for-roles'), {source: from, target: to})).to.deep.equal([])
  })

  it('let the master of the target grant what the role lacks', async () => {
    const sides = {source, target: await both.newTarget()}
    const truly = (id: string) =>
      withSubject(sides, async (subject) => {
        const facts = await targetFacts(subject.target!, subject.targetFacts!.instance)
        return checkOf(id).inspect({...subject, targetFacts: facts})
      })
    for (const id of ['target-may-subscribe', 'target-replica-role']) {
      const findings = await truly(id)
      expectWords(findings)
      for (const found of findings) await run(found, sides, false)
      expect(await truly(id), id).to.deep.equal([])
    }
  })

  it('find another credential at work', async () => {
    const shared = await both.newSource({credentials: ['analytics']})
    const {user, url} = shared.credentials.analytics!
    const other = await shared.client(url)
    const found = await inspected(checkOf('outside-clients'), {source: shared, target})
    expect(found.map(({what}) => what)).to.deep.equal([`credential ${user} has 1 session on ${ADDON.name}`])
    await other.end()
  })
})
