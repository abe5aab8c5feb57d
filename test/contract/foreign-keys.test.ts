import {expect} from 'chai'

import type {RdsError} from '../../src/lib/ports/errors.js'
import {copyOf} from '../support/copy.js'
import {ask, errorOf, servers} from '../support/servers.js'

describe('foreign keys', () => {
  const both = servers()

  async function brokenSource(sql: string) {
    const source = await both.newSource()
    await ask(source.url, sql)
    // As a corrupt index or a script with session_replication_role leaves it.
    await ask(source.superuserUrl, 'set session_replication_role = replica; delete from public.teams where id > 3')
    return source
  }
  const queryIn = ({suggestions}: RdsError) => /select .*/.exec(suggestions[0]!)![0]
  const TABLES = `
    create table teams (id int primary key); insert into teams select generate_series(1, 12);
    create table people (id int primary key, "te;am" int constraint "its team" references teams);
    insert into people select n, n from generate_series(1, 12) n; insert into people values (13, null);`

  it('that are violated on the source are reported with how many rows do, and how to see them, not hidden', async () => {
    const source = await brokenSource(TABLES)
    const target = await both.newTarget()
    const error = await errorOf<RdsError>(copyOf(source, target).everything())
    expect(error.code).to.equal('foreign_key_violated')
    expect(error.message).to.equal(
      '9 rows of "public"."people" violate the foreign key "its team", on the source as well',
    )
    expect(error.suggestions).to.have.lengthOf(3)
    expect(await ask(source.url, queryIn(error))).to.deep.equal(
      Array.from({length: 9}, (_, n) => ({id: n + 4, 'te;am': n + 4})),
    )

    await ask(source.url, 'delete from people where "te;am" > 3')
    await ask(target.superuserUrl, 'delete from public.people where "te;am" > 3')
    await copyOf(source, target).constraints()
    const [key] = await ask(target.superuserUrl, `select convalidated from pg_constraint where conname = 'its team'`)
    expect(key).to.deep.equal({convalidated: true})
  })

  it('of partitioned tables are reported too', async () => {
    const source = await brokenSource(`
      create table teams (id int primary key); insert into teams select generate_series(1, 5);
      create table people (id int, team int references teams) partition by range (id);
      create table people_1 partition of people for values from (0) to (100);
      insert into people select n, n from generate_series(1, 5) n`)
    const error = await errorOf<RdsError>(copyOf(source, await both.newTarget()).everything())
    expect(error.code).to.equal('foreign_key_violated')
    expect(error.message).to.match(/^2 rows of "public"\."people" .* as well$/)
    expect(await ask(source.url, queryIn(error))).to.deep.equal([4, 5].map((n) => ({id: n, team: n})))
  })

  it('that are not valid on the source stay so, whatever they point to', async () => {
    const source = await both.newSource()
    await ask(
      source.url,
      `create table teams (id int primary key); create table people (id int primary key, team int); insert into people values (1, 4711);
       alter table people add constraint later foreign key (team) references teams not valid`,
    )
    const target = await both.newTarget()
    await copyOf(source, target).everything()
    const [key] = await ask(target.superuserUrl, `select convalidated from pg_constraint where conname = 'later'`)
    expect(key).to.deep.equal({convalidated: false})
  })
})
