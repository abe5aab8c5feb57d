import {execFile} from 'node:child_process'
import {chmod, mkdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {promisify} from 'node:util'

import {expect} from 'chai'

import {type ConnectionParts} from '../../src/lib/postgres/connection-url.js'
import {schemaDumpOf} from '../../src/lib/adapters/pg-dump.js'
import {schemaStatements} from '../../src/lib/copy/schema-script.js'
import type {RdsError} from '../../src/lib/ports/errors.js'
import {Secret} from '../../src/lib/ports/secret.js'
import {ask, errorOf, schemaFile, servers, type Source, SOURCE_TLS, until} from '../support/servers.js'

const SCHEMAS = ['names', 'types', 'tables', 'code']
const SECTIONS = ['objects', 'constraints'] as const
const run = promisify(execFile)

/** Statements without the comments and the settings, whose wording belongs to the version of pg_dump. */
const statementsOf = (script: string): string[] =>
  schemaStatements(script, {schemas: new Set(['heroku_ext']), owner: 'nobody'})
    .filter(({words}) => words[0] !== 'SET' && words[0] !== 'SELECT')
    .map(({sql}) => sql.replace(/^(--[^\n]*\n|\s)*/, ''))

async function nativeMajor(): Promise<number | undefined> {
  try {
    return Number(/(\d+)/.exec((await run('pg_dump', ['--version'])).stdout)?.[1])
  } catch {
    return undefined
  }
}

for (const major of [15, 16, 17] as const) {
  describe(`pg_dump as WebAssembly, of a Postgres ${major}`, () => {
    const both = servers({source: major})
    let source: Source

    before(async () => {
      source = await both.newSource()
      for (const file of SCHEMAS) await ask(source.url, schemaFile(file))
    })

    it('brings every object, and nothing of Heroku’s or the tool’s own', async () => {
      await ask(source.url, 'create schema heroku_rds; create table heroku_rds.own (a int)')
      const dump = await schemaDumpOf(source.parts, source.tls, major, false)
      expect(dump.tool).to.match(/^pg_dump \d+.* \(WebAssembly\)$/)
      const objects = await dump.section('objects')
      expect(objects).to.include('CREATE TABLE "public"."numbers"').and.include('VIEW "public"."zz_first"')
      expect(objects).not.to.match(/_heroku|heroku_rds\.|OWNER TO|GRANT|REVOKE/)
      const constraints = await dump.section('constraints')
      expect(constraints)
        .to.include('CREATE INDEX "big_upper"')
        .and.include('FOREIGN KEY')
        .and.include('CREATE TRIGGER')
      expect(constraints).not.to.match(/^CREATE TABLE/m)
    })

    it('says the same when it is asked again', async () => {
      const dump = await schemaDumpOf(source.parts, source.tls, major, false)
      const [first, second] = [await dump.section('objects'), await dump.section('objects')]
      expect(statementsOf(first).length).to.be.above(100)
      expect(statementsOf(second)).to.deep.equal(statementsOf(first))
    })

    it('leaves text that looks like a command of psql as it is', async () => {
      const own = await both.newSource()
      const body = 'line one\n\\restrict x\n\\unrestrict y\nlast line'
      await ask(
        own.url,
        `create function f() returns text language sql as $$ select '${body}' $$; create table t (a int); comment on table t is '${body}'`,
      )
      const script = await (await schemaDumpOf(own.parts, own.tls, major, false)).section('objects')
      expect(statementsOf(script).filter((sql) => sql.includes(body))).to.have.lengthOf(2)
    })

    it('works on a source whose default is to write nothing, and whose statements may take no time', async () => {
      const own = await both.newSource()
      await ask(
        own.url,
        `create table t (a int); alter database ${own.database} set default_transaction_read_only = on; alter role ${own.user} set statement_timeout = 1`,
      ).catch(() => undefined)
      const script = await (await schemaDumpOf(own.parts, own.tls, major, false)).section('objects')
      expect(script).to.include('CREATE TABLE "public"."t"')
    })
  })
}

describe('pg_dump of the machine', () => {
  const both = servers({source: 15})
  let source: Source

  before(async function () {
    const major = await nativeMajor()
    if (major === undefined || major < 15) {
      console.log(
        `    skipped: ${major === undefined ? 'no pg_dump' : `only pg_dump ${major}`} is on PATH, 15 is needed`,
      )
      this.skip()
    }
    source = await both.newSource()
    for (const file of SCHEMAS) await ask(source.url, schemaFile(file))
  })

  for (const section of SECTIONS) {
    it(`gives the same statements as the one we bring: ${section}`, async () => {
      const [native, wasm] = [
        await schemaDumpOf(source.parts, source.tls, 15),
        await schemaDumpOf(source.parts, source.tls, 15, false),
      ]
      expect(native.tool).to.match(/^pg_dump \d+\.\d+$/)
      const [theirs, ours] = [statementsOf(await native.section(section)), statementsOf(await wasm.section(section))]
      expect(ours.filter((sql) => !theirs.includes(sql))).to.deep.equal([])
      expect(theirs.filter((sql) => !ours.includes(sql))).to.deep.equal([])
      expect(ours).to.have.lengthOf(theirs.length)
    })
  }

  it('is left alone when it is older than the source', async () => {
    expect((await schemaDumpOf(source.parts, source.tls, 99)).tool).to.include('WebAssembly')
  })

  it('never sees the password on its command line', async () => {
    const folder = join(both.folder, 'bin')
    await mkdir(folder)
    await writeFile(
      join(folder, 'pg_dump'),
      '#!/bin/sh\n[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 99.1" && exit\necho "-- $@"\n',
    )
    await chmod(join(folder, 'pg_dump'), 0o755)
    const path = process.env.PATH
    process.env.PATH = `${folder}:${path}`
    try {
      const dump = await schemaDumpOf(source.parts, source.tls, 15)
      expect(dump.tool).to.equal('pg_dump 99.1')
      expect(await dump.section('objects'))
        .to.include('--section=pre-data')
        .and.not.include(source.password)
    } finally {
      process.env.PATH = path
    }
  })
})

describe('a dump that cannot be made', () => {
  const both = servers({source: 15})
  let source: Source
  before(async () => {
    source = await both.newSource()
  })

  const wrong: Record<string, (parts: ConnectionParts) => Partial<ConnectionParts>> = {
    'for a wrong password': () => ({password: new Secret('wrong-password')}),
    'for a database that does not exist': () => ({database: 'nowhere'}),
    'for a server that does not answer': () => ({port: 1}),
  }
  for (const [why, change] of Object.entries(wrong)) {
    for (const native of [true, false]) {
      it(`${why} ends in one clear error (${native ? 'pg_dump of the machine' : 'WebAssembly'})`, async function () {
        if (native && ((await nativeMajor()) ?? 0) < 15) this.skip()
        const parts = {...source.parts, ...change(source.parts)}
        const error = await errorOf<RdsError>(
          schemaDumpOf(parts, SOURCE_TLS, 15, native).then((dump) => dump.section('objects')),
        )
        expect(error.oclif?.exit, error.stack).to.be.oneOf([1, 3])
        expect(error.message).to.have.lengthOf.below(400)
        expect(`${error.message} ${error.stack}`).not.to.include(parts.password.reveal())
      })
    }
  }

  it('for rights that are missing names the object', async () => {
    await ask(source.superuserUrl, 'create schema closed; create table closed.t (a int)')
    const error = await errorOf<RdsError>(
      schemaDumpOf(source.parts, SOURCE_TLS, 15, false).then((dump) => dump.section('objects')),
    )
    expect(error.oclif.exit).to.equal(1)
    expect(error.message).to.include('permission denied for').and.include('closed')
    await ask(source.superuserUrl, 'drop schema closed cascade')
  })

  it('for a connection that breaks off ends, too', async () => {
    const own = await both.newSource()
    await ask(
      own.url,
      "do $$ begin for n in 1..400 loop execute format('create table t%s (a int primary key)', n); end loop; end $$",
    )
    const dumping = schemaDumpOf(own.parts, SOURCE_TLS, 15, false).then((dump) => dump.section('objects'))
    const breaking = (async () => {
      for (const end = Date.now() + 15_000; Date.now() < end;) {
        const [row] = await ask<{n: number}>(
          own.superuserUrl,
          `select count(pg_terminate_backend(pid))::int as n from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_xmin is not null`,
        )
        if (row!.n > 0) return
      }
      throw new Error('the dump was never seen at work')
    })()
    const [error] = await Promise.all([errorOf<RdsError>(dumping), breaking])
    expect(error.oclif.exit).to.equal(1)
    expect(error.code).to.equal('pg_dump_failed')
  })

  for (const native of [true, false]) {
    it(`because of a deadlock with the app is made again (${native ? 'pg_dump of the machine' : 'WebAssembly'})`, async function () {
      if (native && ((await nativeMajor()) ?? 0) < 15) this.skip()
      const own = await both.newSource()
      await ask(own.url, 'create table first (a int); create table second (a int)')
      const app = await own.client(own.superuserUrl)
      await app.query(`set deadlock_timeout = '60s'; begin; lock table second`)
      const dumping = schemaDumpOf(own.parts, SOURCE_TLS, 15, native).then((dump) => dump.section('objects'))
      await until('the dump to wait for the app', async () => {
        const waiting = await ask(
          own.superuserUrl,
          `select from pg_locks where relation = 'second'::regclass and not granted`,
        )
        return waiting.length > 0
      })
      await app.query('lock table first; commit')
      expect(await dumping).to.include('CREATE TABLE "public"."second"')
    })
  }
})
