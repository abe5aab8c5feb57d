import {expect} from 'chai'

import {validateChecks} from '../../src/lib/copy/constraints.js'
import {checksToWait} from '../../src/lib/copy/set-aside.js'
import type {RdsError} from '../../src/lib/ports/errors.js'
import {copyOf} from '../support/copy.js'
import {ask, codeOf, errorOf, servers} from '../support/servers.js'

const SCHEMA = `
  create table words (w text primary key);
  insert into words values ('red'), ('green'), ('blue');
  create function known_word(p text) returns boolean language sql stable
    as 'select exists (select from public.words where w = p)';
  create domain word as text constraint word_is_known check (known_word(value));
  create table items (id int primary key, w text constraint item_is_known check (known_word(w)));
  create table labels (id int primary key, w word);
  insert into items values (1, 'red'), (2, 'green');
  insert into labels values (1, 'green');
  delete from words where w = 'red'`

describe('Checks that look into other tables', () => {
  const both = servers()

  it('which rows do not meet any more end a copy, named; after a window they hold for new rows, and the others are validated', async () => {
    const [source, target] = [await both.newSource(), await both.newTarget()]
    await ask(source.url, SCHEMA)
    const copy = copyOf(source, target)
    await copy.objects()
    await copy.rows()
    const error = await errorOf<RdsError>(copy.constraints())
    expect(error.message).to.match(/check "item_is_known" of table "public"."items"/)
    expect(error.suggestions.join()).to.include('NOT VALID')

    const checks = await checksToWait(source.db)
    const {signal} = new AbortController()
    const sides = {source: source.db, target: target.db}
    const names = (unmet: Awaited<ReturnType<typeof validateChecks>>) => unmet.map(({check: {name}}) => name)
    expect(names(await validateChecks(sides, checks, signal))).to.deep.equal(['"item_is_known"'])
    const valid = await ask<{name: string; valid: boolean}>(
      target.superuserUrl,
      `select conname as name, convalidated as valid from pg_constraint where conname like '%is_known' order by 1`,
    )
    expect(valid).to.deep.equal([
      {name: 'item_is_known', valid: false},
      {name: 'word_is_known', valid: true},
    ])
    const CHECK_VIOLATION = '23514'
    expect(await codeOf(ask(target.url, `insert into items values (3, 'pink')`))).to.equal(CHECK_VIOLATION)
    expect(await codeOf(ask(target.url, `insert into labels values (3, 'pink')`))).to.equal(CHECK_VIOLATION)

    await ask(target.url, `insert into words values ('red')`)
    expect(names(await validateChecks(sides, checks, signal))).to.deep.equal([])
  })
})
