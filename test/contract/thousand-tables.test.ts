import {expect} from 'chai'

import {inventoryDifferences} from '../../src/lib/verify/inventory.js'
import {vacuumCopied} from '../../src/lib/copy/vacuum.js'
import {copyOf} from '../support/copy.js'
import {counted} from '../../src/lib/flow/waits.js'
import {ask, definitionsOf, digestsOf, servers} from '../support/servers.js'

const TABLES = 1000
const EMPTY = 10
const KEYS = 9

/** Every hundredth table is empty; the one after it refers to the one before. */
const SCHEMA = `
  do $$ begin
    for n in 1 .. ${TABLES} loop
      execute format('create table t%1$s (id int primary key, near int %2$s, note text)', n,
        case when n % 100 = 1 and n > 1 then format('references t%s', n - 2) end);
      if n % 100 <> 0 then
        execute format('insert into t%1$s select i, 1, repeat(''%1$s'', i) from generate_series(1, 1 + %1$s %% 7) i', n);
      end if;
    end loop;
  end $$`

/** Requests that wait for one another. */
const MOST_WAITS = {objects: 30, rows: 120, constraints: 30, vacuum: 20}

const waitsOf = (work: () => Promise<unknown>): Promise<number> =>
  counted(async (soFar) => {
    await work()
    return soFar().databases
  })

describe('a thousand tables', () => {
  const both = servers()

  it('arrive whole, the empty ones too, and wait rarely', async () => {
    const source = await both.newSource()
    await ask(source.url, SCHEMA)
    const target = await both.newTarget()
    const copy = copyOf(source, target)
    const waits = {
      objects: await waitsOf(() => copy.objects()),
      rows: await waitsOf(async () => expect(await copy.rows()).to.include({tables: TABLES, indexes: TABLES})),
      constraints: await waitsOf(() => copy.constraints()),
      vacuum: await waitsOf(() => vacuumCopied({source: source.db, target: target.db})),
    }
    for (const [part, most] of Object.entries(MOST_WAITS))
      expect(waits[part as keyof typeof waits], `waits for ${part}`).to.be.at.most(most)
    await copy.rest()

    const rows = await digestsOf(target.superuserUrl)
    expect(rows).to.deep.equal(await digestsOf(source.superuserUrl))
    expect(Object.values(rows).filter((digest) => digest.startsWith('0 rows'))).to.have.lengthOf(EMPTY)
    const objects = await definitionsOf(target.superuserUrl)
    expect(objects).to.deep.equal(await definitionsOf(source.superuserUrl))
    expect(objects.filter((line) => line.includes('FOREIGN KEY'))).to.have.lengthOf(KEYS)
    expect(await inventoryDifferences({from: source.db, to: target.db})).to.deep.equal([])
  })
})
