import {expect} from 'chai'
import pg from 'pg'

import {METHODS} from '../../src/lib/methods/index.js'
import {before} from './support.js'
import {cutOver, prepare, useSandbox} from '../support/world.js'

/** Refused by a fence, or not there yet. */
const CLOSED = ['25006', '42P01', '3F000']

describe('The target', () => {
  const world = useSandbox()

  for (const {id, follow} of METHODS.filter(({id: one}) => one === 'dump-restore' || one === 'change-capture')) {
    it(`takes no write from the first table on, by ${id}`, async () => {
      const shop = await world.sandbox.openShop({formation: {}})
      const client = new pg.Client({connectionString: shop.target.url})
      await client.connect()
      const told = new Map<string, number>()
      let going = true
      const knocking = (async () => {
        while (going) {
          const answer = await client.query('update public.products set stock = stock where false').then(
            () => 'taken',
            ({code}: {code: string}) => code,
          )
          told.set(answer, (told.get(answer) ?? 0) + 1)
        }
      })()
      const untilOpen = () => void (going = false)
      if (follow) await prepare(shop, {method: id})
      else await cutOver(shop, {method: id, alter: before('open', untilOpen)})
      untilOpen()
      await knocking
      await client.end()
      expect([...told.keys()].filter((answer) => !CLOSED.includes(answer))).to.deep.equal([])
      expect(told.get('25006'), 'refused by the fence').to.be.above(0)
    })
  }
})
