import {expect} from 'chai'

import {schemaDumpOf} from '../../src/lib/adapters/pg-dump.js'
import {copyObjects, emptyTarget, targetBefore} from '../../src/lib/copy/copy-schema.js'
import type {RdsError} from '../../src/lib/ports/errors.js'
import {createFence, fenceTables, newPass, raiseFence} from '../../src/lib/fence/fence.js'
import type {SchemaDump} from '../../src/lib/ports/ports.js'
import {inventoryDifferences} from '../../src/lib/verify/inventory.js'
import {lateSequences, sequencePositions} from '../../src/lib/verify/sequences.js'
import {compare, copyOf} from '../support/copy.js'
import {
  ask,
  contentsOf,
  definitionsOf,
  errorOf,
  patience,
  schemaFile,
  sequencesOf,
  servers,
  type Source,
  type Target,
} from '../support/servers.js'

/** Short where they differ: whole lists of definitions are not. */
function expectSame(lines: readonly string[], expected: readonly string[]): void {
  const missing = expected.filter((line) => !lines.includes(line))
  const extra = lines.filter((line) => !expected.includes(line))
  expect({missing, extra}).to.deep.equal({missing: [], extra: []})
  expect(lines).to.deep.equal(expected)
}

const SCHEMAS = ['names', 'types', 'tables', 'code']
const PINNED = ['lock_timeout', 'statement_timeout', 'row_security', 'search_path', 'check_function_bodies', 'TimeZone']

describe('a hard schema', () => {
  const both = servers()

  const dumpOf = (source: Source): Promise<SchemaDump> => schemaDumpOf(source.parts, source.tls, 16)

  /** The whole copy, in the order of the runbook, from a source whose fence is up. */
  const copy = (source: Source, target: Target) => copyOf(source, target).everything()

  async function expectEqual(source: Source, target: Target): Promise<void> {
    const [contents, copied] = [await contentsOf(source.superuserUrl), await contentsOf(target.superuserUrl)]
    expect(Object.keys(copied).sort()).to.deep.equal(Object.keys(contents).sort())
    for (const [table, rows] of Object.entries(contents)) {
      expect(copied[table] === rows, `${table}\n${rows.slice(0, 2000)}\n${copied[table]!.slice(0, 2000)}`).to.equal(
        true,
      )
    }
    expectSame(await definitionsOf(target.superuserUrl), await definitionsOf(source.superuserUrl))
    expect(await sequencesOf(target.superuserUrl)).to.deep.equal(await sequencesOf(source.superuserUrl))
  }

  async function frozenSource(...files: string[]): Promise<Source> {
    const source = await both.newSource()
    for (const file of files) await ask(source.url, schemaFile(file))
    await createFence(source.db)
    await fenceTables(source.db, patience())
    await raiseFence(source.db, newPass(), 'frozen')
    return source
  }

  for (const name of SCHEMAS) {
    describe(`of ${name}`, () => {
      let source: Source
      let target: Target

      it('arrives whole', async () => {
        source = await frozenSource(name)
        target = await both.newTarget()
        await copy(source, target)
        await expectEqual(source, target)
      })

      it('is found equal by the verification', async () => {
        expect(await inventoryDifferences({from: source.db, to: target.db})).to.deep.equal([])
        const {differences, tables} = await compare({source, target})
        expect(differences).to.deep.equal([])
        expect(tables).to.be.above(3)
        expect(lateSequences(await sequencePositions(source.db), await sequencePositions(target.db))).to.deep.equal([])
      })

      it('has its constraints built again without harm', async () => {
        const before = await definitionsOf(target.superuserUrl)
        await copyOf(source, target).constraints()
        expect(await definitionsOf(target.superuserUrl)).to.deep.equal(before)
      })
    })
  }

  describe('under settings that change how a session reads and writes', () => {
    const SETTINGS: Record<string, string> = {
      client_encoding: 'LATIN1',
      quote_all_identifiers: 'on',
      datestyle: 'German, DMY',
      intervalstyle: 'sql_standard',
      extra_float_digits: '-5',
      bytea_output: 'escape',
      xmloption: 'document',
      timezone: 'Asia/Kathmandu',
      standard_conforming_strings: 'off',
      array_nulls: 'off',
      row_security: 'on',
      transform_null_equals: 'on',
      search_path: '"Sch;ema", pg_temp',
    }
    const SHELL = {
      PGCLIENTENCODING: 'LATIN1',
      PGOPTIONS: '-c datestyle=German',
      PGTZ: 'Asia/Kathmandu',
      PGSERVICE: 'other',
    }
    const TEXTS = `
      create schema "Sch;ema";
      create table public.greetings (
        id int primary key, text text check (text <> 'grüße'), at timestamptz default '2026-01-02 03:04:05+00',
        size float8 default 0.1, raw bytea default '\\xdeadbeef', nothing int[] default '{1,NULL}');
      insert into public.greetings (id, text) values (1, 'schön'), (2, 'E\\n😀');
      create view public.grüße as select * from public.greetings where text like 'ß%' or at > '2026-12-03';`

    const places = {
      database: (name: string) => `database "${name}"`,
      role: (_: string, role: string) => `role "${role}"`,
    }
    for (const [where, place] of Object.entries(places)) {
      it(`of the ${where} and the operator's shell arrives as it is`, async () => {
        const source = await both.newSource()
        await ask(source.url, TEXTS)
        for (const [name, value] of Object.entries(SETTINGS)) {
          const words = name === 'search_path' ? value : `'${value}'`
          await ask(source.superuserUrl, `alter ${place(source.database, source.user)} set ${name} = ${words}`)
        }
        const target = await both.newTarget()
        const before = {...process.env}
        Object.assign(process.env, SHELL)
        try {
          await createFence(source.db)
          await fenceTables(source.db, patience())
          await copy(source, target)
        } finally {
          for (const name of Object.keys(SHELL)) delete process.env[name]
          Object.assign(process.env, before)
        }
        const settled = (lines: string[]) => lines.filter((line) => !line.startsWith('setting'))
        expectSame(settled(await definitionsOf(target.superuserUrl)), settled(await definitionsOf(source.superuserUrl)))
        expect(await contentsOf(target.superuserUrl)).to.deep.equal(await contentsOf(source.superuserUrl))
        expect(await inventoryDifferences({from: source.db, to: target.db})).to.deep.equal([])
        expect((await compare({source, target})).differences).to.deep.equal([])
      })
    }
  })

  describe('undone', () => {
    it('leaves what was there before, and only that', async () => {
      const source = await frozenSource(...SCHEMAS)
      const target = await both.newTarget()
      const [remember, was] = [await targetBefore(target.db), await definitionsOf(target.superuserUrl)]
      await copy(source, target)
      expect((await definitionsOf(target.superuserUrl)).length).to.be.above(was.length + 500)
      await emptyTarget(target.db, remember)
      const settled = (lines: string[]) => lines.filter((line) => !line.startsWith('setting'))
      expectSame(settled(await definitionsOf(target.superuserUrl)), settled(was))
    })

    it('leaves schemas, extensions and settings that the target had of its own', async () => {
      const source = await both.newSource()
      await ask(source.url, schemaFile('tables'))
      await ask(
        source.url,
        `alter database ${source.database} set work_mem = '9MB'; alter database ${source.database} set statement_timeout = '9s'`,
      )
      const target = await both.newTarget()
      await ask(
        target.url,
        `create schema kept; create schema "Kept;too"; create extension ltree schema kept; comment on schema kept is 'mine';
         alter database ${target.database} set work_mem = '7MB'`,
      )
      const [remember, was] = [await targetBefore(target.db), await definitionsOf(target.superuserUrl)]
      await copy(source, target)
      await emptyTarget(target.db, remember)
      expectSame(await definitionsOf(target.superuserUrl), was)
    })

    it('can be done again', async () => {
      const again = await both.newTarget()
      const first = await targetBefore(again.db)
      const small = await frozenSource('names')
      await copy(small, again)
      await emptyTarget(again.db, first)
      await copy(small, again)
      await expectEqual(small, again)
    })
  })

  describe('with surroundings of its own', () => {
    it('brings the settings of its database and role, but for the platform’s and the freeze’s', async () => {
      const source = await both.newSource()
      const target = await both.newTarget()
      const name = JSON.stringify(source.database)
      await ask(
        source.url,
        `alter role ${source.user} in database ${name} set search_path = "Shop;", public, heroku_ext;
         alter role ${source.user} set intervalstyle = 'iso_8601';
         alter database ${name} set timezone = 'Asia/Kathmandu';
         select heroku_ext.similarity('a', 'b');
         alter database ${name} set pg_trgm.similarity_threshold = 0.4;
         alter database ${name} set default_transaction_read_only = on`,
      )
      await both.source.superuser(source.database, `alter database ${name} set "shop.motto" = 'ours'`)
      const {settingsLeft} = await copyObjects({source: source.db, target: target.db, schemaDump: await dumpOf(source)})
      const show =
        'search_path intervalstyle timezone default_transaction_read_only pg_trgm.similarity_threshold'.split(' ')
      const [settings] = await ask(
        target.url,
        `select array[${show.map((s) => `current_setting('${s}')`).join()}] as s`,
      )
      expect(settings!.s).to.deep.equal(['"Shop;", public, heroku_ext', 'iso_8601', 'Asia/Kathmandu', 'off', '0.4'])
      expect(settingsLeft).to.include('shop.motto')
    })

    it('brings policies for the owner and for other roles, which hide the same rows', async () => {
      const source = await both.newSource()
      const target = await both.newTarget()
      const reader = `web reader ${source.database}`
      await ask(source.superuserUrl, `create role "${reader}"`)
      await ask(target.masterUrl, `create role "${reader}"`)
      await ask(
        source.url,
        `create table docs (id int primary key, body text);
         insert into docs select g, 'b' || g from generate_series(1, 50) g;
         alter table docs enable row level security;
         create policy readers on docs for select to "${reader}" using (id <= 10);
         create policy mine on docs as permissive to current_user using (id % 2 = 0);
         create policy ours on docs as restrictive for select to "${reader}", current_user using (id > 3);
         create policy "to all; to ${source.user}" on docs for insert with check (body <> '${source.user}')`,
      )
      await copy(source, target)
      const policies = async ({url}: {url: string}) =>
        ask(
          url,
          `select policyname, permissive, array_replace(roles::text[], current_user::text, 'the owner') as roles, cmd, qual
           from pg_policies order by 1`,
        )
      const arrived = await policies(target)
      const role =
        ({user}: Source) =>
        (line: object) =>
          JSON.stringify(line).replaceAll(user, 'u')
      expect(arrived.map(role(source))).to.deep.equal((await policies(source)).map(role(source)))
      expect(arrived).to.have.lengthOf(4)
      expect(await inventoryDifferences({from: source.db, to: target.db})).to.deep.equal([])

      const seen = 'select json_agg(id order by id) as ids from public.docs'
      const grant = `grant select on public.docs to "${reader}"; grant usage on schema public to "${reader}"`
      const sides = [
        {url: source.url, superuser: source.superuserUrl},
        {url: target.url, superuser: target.superuserUrl},
      ]
      for (const {url, superuser} of sides) {
        await ask(url, `${grant}; alter table public.docs force row level security`)
        const [mine] = await ask(url, seen)
        expect(mine!.ids).to.deep.equal(Array.from({length: 24}, (_, i) => 4 + 2 * i))
        const [theirs] = await ask(superuser, `set role "${reader}"; ${seen}`)
        expect(theirs!.ids).to.deep.equal([4, 5, 6, 7, 8, 9, 10])
      }
    })

    it('does not change the sessions of the tool', async () => {
      const source = await frozenSource('names')
      const target = await both.newTarget()
      const show = `select json_object_agg(name, setting order by name) as all from pg_settings where name in (${PINNED.map((name) => `'${name}'`).join()})`
      const [before] = await target.db.query(show)
      await copy(source, target)
      const sessions = await Promise.all(
        Array.from({length: 3}, () =>
          target.db.session(async (session) => {
            await session.query('select pg_sleep(0.1)') // so that each takes another connection
            return (await session.query(show))[0]
          }),
        ),
      )
      for (const session of sessions) expect(session).to.deep.equal(before)
    })

    it('tells which statement the target refused, and leaves nothing half-made', async () => {
      const target = await both.newTarget()
      const source = await both.newSource()
      const before = await definitionsOf(target.superuserUrl)
      const schemaDump: SchemaDump = {
        tool: 'none',
        section: () =>
          Promise.resolve('CREATE TABLE public.fine (a integer);\nCREATE TABLE public.broken (a public.no_such_type);'),
      }
      const error = await errorOf<RdsError>(copyObjects({source: source.db, target: target.db, schemaDump}))
      expect(error.oclif.exit).to.equal(1)
      expect(error.message).to.match(/refused .*CREATE TABLE public broken.*no_such_type/)
      const tables = (await definitionsOf(target.superuserUrl)).filter((line) => line.startsWith('class'))
      expect(tables).to.deep.equal(before.filter((line) => line.startsWith('class')))
    })
  })
})
