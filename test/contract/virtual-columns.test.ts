import {expect} from 'chai'

import {describeDifferences} from '../../src/lib/verify/locate.js'
import {compare, copyOf} from '../support/copy.js'
import {ask, servers} from '../support/servers.js'

describe('Virtual generated columns, from Postgres 18', () => {
  const both = servers({source: 18, target: 18})

  it('are not read: a row that they cannot be computed for is copied and compared all the same', async () => {
    const [source, target] = [await both.newSource(), await both.newTarget()]
    await ask(
      source.url,
      `create table rents (
         id int primary key,
         rate numeric(6, 2),
         days int,
         cost numeric(4, 2) generated always as (rate * days) virtual);
       insert into rents values (1, 5000, 10), (2, 1, 1)`,
    )
    await copyOf(source, target).everything()
    expect((await compare({source, target})).differences).to.deep.equal([])
    await ask(target.superuserUrl, 'update rents set days = 11 where id = 1')
    const {differences} = await compare({source, target})
    expect(describeDifferences(differences, 10, {showRows: true})).to.deep.equal([
      '"public"."rents" (1): "days" differs',
    ])
  })
})
