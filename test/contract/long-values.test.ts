import {expect} from 'chai'

import {describeDifferences} from '../../src/lib/verify/locate.js'
import {compare, copyOf} from '../support/copy.js'
import {ask, servers} from '../support/servers.js'

/** Values that can be stored, whose text, or the text of their row, is longer than the gigabyte that Postgres holds in one piece. */
const SCHEMA = `
  create table texts (id int primary key, a text, b varchar);
  insert into texts values (1, repeat('"', 270000000), repeat('"', 270000000)), (2, 'short', null);
  create table files (id int primary key, content bytea);
  insert into files values (1, decode(repeat('00ff', 265000000), 'hex')), (2, '')`

describe('Values of hundreds of megabytes', function () {
  this.timeout(240_000)
  const both = servers()

  it('are copied and compared, and a difference in them is named', async () => {
    const [source, target] = [await both.newSource(), await both.newTarget()]
    await ask(source.url, SCHEMA)
    await copyOf(source, target).everything()
    const whole = await compare({source, target})
    expect(whole.differences).to.deep.equal([])
    expect(Number(whole.rows)).to.equal(4)
    await ask(target.superuserUrl, `update files set content = content || '\\x00' where id = 1`)
    const {differences} = await compare({source, target})
    const told = describeDifferences(differences, 10, {showRows: true})
    expect(told).to.deep.equal(['"public"."files" (1): "content" differs'])
  })
})
