import {readFileSync} from 'node:fs'

import {expect} from 'chai'

import {isInstalled} from '../../sandbox/postgres/binaries.js'
import {clock} from '../../src/lib/adapters/clock.js'
import {assess} from '../../src/lib/assessment/assess.js'
import {ADDON, healthyHeroku, healthyRds} from '../support/healthy.js'
import {ask, servers} from '../support/servers.js'

const SHOP = readFileSync(new URL('../../sandbox/shop/schema.sql', import.meta.url), 'utf8')

describe('an assessment answers every question', () => {
  const pairs = [
    [13, 15],
    [14, 16],
    [15, 17],
    [15, 15],
    [16, 16],
    [17, 17],
    [17, 18],
  ] as const
  for (const [from, to] of pairs.filter((pair) => pair.every(isInstalled))) {
    describe(`of Postgres ${from} towards Postgres ${to}`, () => {
      const both = servers({source: from, target: to})

      it('and finds nothing wrong with a healthy shop', async () => {
        const [source, target] = [await both.newSource(), await both.newTarget()]
        await ask(source.url, SHOP)
        const {findings, source: facts} = await assess({
          app: 'shop',
          addon: ADDON,
          heroku: healthyHeroku(),
          source: source.db,
          sourceAddress: source.parts,
          target: target.db,
          targetEndpoint: target.parts,
          rds: healthyRds,
          clock: {...clock, now: () => new Date('2025-01-01')},
        })
        expect(facts.major).to.equal(from)
        const about = findings.filter(({level, methods}) => level === 'unknown' || methods.length === 0)
        expect(about.map(({check}) => check)).to.deep.equal(facts.collation === 'C' ? ['target-collation'] : [])
      })
    })
  }
})
