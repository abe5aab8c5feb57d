import {mkdirSync, readFileSync} from 'node:fs'
import {createServer} from 'node:net'

import {expect} from 'chai'

import {createCertificateAuthority} from '../../sandbox/postgres/certificates.js'
import {startServer} from '../../sandbox/postgres/server.js'
import type {ConnectionParts} from '../../src/lib/postgres/connection-url.js'
import type {Tls} from '../../src/lib/adapters/client-settings.js'
import {openDatabase} from '../../src/lib/adapters/postgres.js'
import {identifier, literal} from '../../src/lib/postgres/catalog.js'
import type {RdsError} from '../../src/lib/ports/errors.js'
import {Secret} from '../../src/lib/ports/secret.js'
import {ask, codeOf, errorOf, servers, type Source, type Target, until} from '../support/servers.js'

describe('a connection', () => {
  const both = servers()
  let source: Source
  let target: Target

  before(async () => {
    source = await both.newSource({password: `p:w/o@r?d#%41 '"\\ß`})
    target = await both.newTarget()
  })

  /** The error of the first query over a fresh pool. */
  async function refusalOf(side: 'source' | 'target', parts: ConnectionParts, tls: Tls): Promise<RdsError> {
    const db = openDatabase(side, parts, tls)
    try {
      return await errorOf<RdsError>(db.query('select 1'))
    } finally {
      await db.close()
    }
  }

  function expectOneSentence(error: RdsError, says: RegExp, ...secrets: Secret[]): void {
    expect(error.oclif?.exit, error.stack).to.equal(3)
    expect(error.message).to.match(says)
    expect(error.message).not.to.match(/\n|\. [A-Z]/)
    const everything = JSON.stringify([error.message, error.stack, error.suggestions, error])
    for (const secret of secrets) expect(everything).not.to.include(secret.reveal())
  }

  it('with a password of every special character is made', async () => {
    expect(await source.db.query('select current_user as me')).to.deep.equal([{me: source.user}])
  })

  it('with a wrong password is refused in one sentence', async () => {
    for (const [side, {parts, tls}] of [
      ['source', source],
      ['target', target],
    ] as const) {
      const password = new Secret('swordfish')
      const error = await refusalOf(side, {...parts, password}, tls)
      expectOneSentence(
        error,
        new RegExp(`${side} localhost:${parts.port}/.* refused the password`),
        password,
        parts.password,
      )
    }
  })

  it('to an unknown host says so', async () => {
    const error = await refusalOf('target', {...target.parts, host: 'no-such-host.invalid'}, target.tls)
    expectOneSentence(error, /no-such-host\.invalid/, target.parts.password)
  })

  it('to a port nobody listens on says so', async () => {
    const error = await refusalOf('source', {...source.parts, port: 1}, source.tls)
    expectOneSentence(error, /localhost:1\/.* refuses connections/, source.parts.password)
  })

  it('to a database that does not exist says so', async () => {
    const error = await refusalOf('target', {...target.parts, database: 'nowhere'}, target.tls)
    expectOneSentence(error, /nowhere does not exist/, target.parts.password)
  })

  it('to a database that is somebody else’s says so', async () => {
    const other = await both.newSource()
    const error = await refusalOf('source', {...source.parts, database: other.database}, source.tls)
    expectOneSentence(error, /permission denied|refused/, source.parts.password)
  })

  it('is refused when the certificate is for another host', async () => {
    const error = await refusalOf('target', {...target.parts, host: '127.0.0.1'}, target.tls)
    expectOneSentence(
      error,
      /certificate of the target 127\.0\.0\.1:\d+\/.* is for another host/,
      target.parts.password,
    )
  })

  it('is refused when another authority signed the certificate', async () => {
    const own = `${both.folder}/other-authority`
    mkdirSync(own)
    const other = await createCertificateAuthority(own, 'Somebody else')
    for (const authorities of [[readFileSync(other.caFile, 'utf8')], []]) {
      const error = await refusalOf('target', target.parts, {mode: 'verified', authorities})
      expectOneSentence(error, /not signed by a trusted authority/, target.parts.password)
      expect(error.code).to.equal('target_untrusted')
    }
  })

  it('is never made in plaintext, even when the server offers nothing else', async () => {
    const plain = await startServer({major: 16, dir: both.folder, tls: both.source.tls, settings: {ssl: false}})
    try {
      for (const tls of [source.tls, target.tls]) {
        const error = await refusalOf('source', {...source.parts, port: plain.port}, tls)
        expectOneSentence(error, /SSL|TLS|encrypt/, source.parts.password)
      }
    } finally {
      await plain.stop({immediate: true})
    }
  })

  it('to a server that never answers ends within its deadline', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done))
    try {
      const {port} = silent.address() as {port: number}
      const error = await refusalOf('target', {...target.parts, host: '127.0.0.1', port}, target.tls)
      expectOneSentence(error, /does not answer/, target.parts.password)
    } finally {
      silent.close()
    }
  })

  it('beyond the limit of the plan says so', async () => {
    const small = await both.newSource({connectionLimit: 1})
    await small.client()
    const error = await refusalOf('source', small.parts, small.tls)
    expectOneSentence(error, /no connection left|too many connections/, small.parts.password)
  })
})

describe('a session of the tool', () => {
  const both = servers()
  let source: Source

  async function ownSource(): Promise<Source> {
    const own = await both.newSource()
    await ask(
      own.url,
      `create table items (id int primary key, at timestamptz, i interval, f float8, b bytea);
       insert into items values (1, '2024-02-01 03:04:05+05:45', '1 mon -1 day', 0.1::float8 + 0.2, '\\x00ff')`,
    )
    return own
  }

  before(async () => {
    source = await ownSource()
  })

  it('is not changed by what database and role have set', async () => {
    const own = await ownSource()
    const hostile: Record<string, string> = {
      statement_timeout: '1',
      lock_timeout: '1',
      idle_in_transaction_session_timeout: '1',
      idle_session_timeout: '300',
      search_path: 'nowhere',
      timezone: "'Asia/Kathmandu'",
      datestyle: "'German, DMY'",
      intervalstyle: 'sql_standard',
      extra_float_digits: '-15',
      bytea_output: 'escape',
      row_security: 'on',
      default_transaction_read_only: 'on',
      default_transaction_isolation: 'serializable',
      quote_all_identifiers: 'on',
    }
    const settings = Object.entries(hostile)
    await ask(
      own.url,
      settings.map(([name, value]) => `alter database ${own.database} set ${name} = ${value};`).join(' '),
    )
    await both.source.superuser(
      'postgres',
      settings.map(([name, value]) => `alter role ${own.user} set ${name} = ${value};`).join(' '),
    )

    const db = openDatabase('source', own.parts, own.tls)
    try {
      const [shown] = await db.query(
        `select ${Object.keys(hostile)
          .map((name) => `current_setting('${name}') as ${name}`)
          .join()}`,
      )
      expect(shown).to.deep.equal({
        statement_timeout: '0',
        lock_timeout: '5s',
        idle_in_transaction_session_timeout: '0',
        idle_session_timeout: '0',
        search_path: 'pg_catalog',
        timezone: 'UTC',
        datestyle: (shown!.datestyle as string).startsWith('ISO') ? shown!.datestyle : 'ISO',
        intervalstyle: 'postgres',
        extra_float_digits: '3',
        bytea_output: 'hex',
        row_security: 'off',
        default_transaction_read_only: 'off',
        default_transaction_isolation: 'read committed',
        quote_all_identifiers: 'off',
      })
      const [row] = await db.query('select * from public.items')
      expect(row).to.deep.equal({
        id: 1,
        at: '2024-01-31 21:19:05+00',
        i: '1 mon -1 days',
        f: '0.30000000000000004',
        b: '\\x00ff',
      })
    } finally {
      await db.close()
    }
  })

  it('writes although the database is read-only by default', async () => {
    const own = await ownSource()
    await ask(own.url, `alter database ${own.database} set default_transaction_read_only = on`)
    expect(await codeOf(ask(own.url, 'insert into public.items values (2)'))).to.equal('25006')
    await own.db.query('insert into public.items values (2)')
    await own.db.transaction((session) => session.query('update public.items set f = 7 where id = 2'))
    expect(await own.db.query('select id, f from public.items where id = 2')).to.deep.equal([{id: 2, f: '7'}])
  })

  it('keeps numbers exact', async () => {
    const [row] = await source.db.query(
      `select 9223372036854775807 as big, 1.10::numeric as exact, 'NaN'::float8 as nan, 'infinity'::timestamptz as ever, 7 as small,
         true as yes, '{"a": 1}'::json as json, '{"a": 9007199254740993}'::jsonb as jsonb, '0044-03-15 BC'::date as day, null as nothing`,
    )
    expect(row).to.deep.equal({
      big: '9223372036854775807',
      exact: '1.10',
      nan: 'NaN',
      ever: 'infinity',
      small: 7,
      yes: true,
      json: {a: 1},
      jsonb: '{"a": 9007199254740993}',
      day: '0044-03-15 BC',
      nothing: null,
    })
  })

  it('commits a transaction that ends well, and leaves nothing of one that does not', async () => {
    await source.db.transaction((session) => session.query('insert into public.items values (3)'))
    const broken = source.db.transaction(async (session) => {
      await session.query('insert into public.items values (4)')
      throw new Error('changed my mind')
    })
    expect((await errorOf(broken)).message).to.equal('changed my mind')
    expect(await source.db.query('select id from public.items order by id')).to.deep.equal([{id: 1}, {id: 3}])
    await until('the broken transaction to be gone', async () => {
      const [row] = await ask<{n: number}>(
        source.superuserUrl,
        `select count(*)::int as n from pg_stat_activity where datname = current_database() and state = 'idle in transaction'`,
      )
      return row!.n === 0
    })
  })

  it('fails when the commit of its transaction fails', async () => {
    await source.db.query('create table public.later (id int unique deferrable initially deferred)')
    const doubled = source.db.transaction((session) => session.query('insert into public.later values (1), (1)'))
    expect(await codeOf(doubled)).to.equal('23505')
    expect(await source.db.query('select id from public.later')).to.deep.equal([])
  })

  it('fails when the work swallowed an error and the commit could only roll back', async () => {
    const swallowed = source.db.transaction(async (session) => {
      await session.query('insert into public.later values (5)')
      await session.query('select 1/0').catch(() => undefined)
    })
    const outcome = await swallowed.then(
      () => 'reported as committed',
      () => 'failed',
    )
    expect(await source.db.query('select id from public.later')).to.deep.equal([])
    expect(outcome).to.equal('failed')
  })

  it('that ran foreign SQL is as good as new afterwards, and the same', async () => {
    const db = openDatabase('source', source.parts, source.tls)
    const stateOf = `select pg_backend_pid() as pid, current_setting('search_path') as path, current_setting('lock_timeout') as lock_timeout,
      current_setting('statement_timeout') as statement_timeout, current_user as role, to_regclass('pg_temp.left') as "left", jsonb_build_object(
        'locks', (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
        'limits', (select jsonb_object_agg(name, setting) from pg_settings where name in ('idle_session_timeout', 'transaction_timeout'))) as more`
    try {
      await ask(source.url, `alter role current_user set idle_session_timeout = '1h'`)
      const [before] = await db.query(stateOf)
      await db.session(
        (session) =>
          session.query(
            `set search_path = public; set lock_timeout = 0; set statement_timeout = 60000; set idle_session_timeout = 60000; create temp table "left" (a int); select pg_advisory_lock(1)`,
          ),
        {discard: true},
      )
      expect(await db.query(stateOf)).to.deep.equal([before])
    } finally {
      await ask(source.url, 'alter role current_user reset idle_session_timeout')
      await db.close()
    }
  })

  it('knows which backends are its own, also after one was replaced', async () => {
    const db = openDatabase('source', source.parts, source.tls)
    try {
      const [{pid} = {pid: 0}] = await db.query<{pid: number}>('select pg_backend_pid() as pid')
      expect(db.ownPids()).to.deep.equal([pid])
      await ask(source.superuserUrl, 'select pg_terminate_backend($1)', [pid])
      await until('the ended session to be noticed', () => db.ownPids().length === 0)
      const [{next} = {next: 0}] = await db.query<{next: number}>('select pg_backend_pid() as next')
      expect(next).not.to.equal(pid)
      expect(db.ownPids()).to.deep.equal([next])
    } finally {
      await db.close()
    }
  })

  it('reads back every name and string it quotes', async () => {
    const pieces = ['"', "'", '\\', ';', '--', '/*', '$$', '%', ' ', '\n', 'ß', '🐘', 'a']
    const names = pieces.flatMap((a) => pieces.map((b) => `${a}${b}${a}`))
    for (let start = 0; start < names.length; start += 50) {
      const some = names.slice(start, start + 50)
      const [row] = await source.db.query<{all: string[]}>(
        `select json_build_array(${some.map((name) => `t.${identifier(name)}`).join()}) as all
         from (select ${some.map((name) => `${literal(name)} as ${identifier(name)}`).join()}) t`,
      )
      expect(row!.all).to.deep.equal(some)
    }
  })
})
