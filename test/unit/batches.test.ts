import {expect} from 'chai'

import {batchesOf} from '../../src/lib/flow/batches.js'

describe('batches', () => {
  for (const [what, items, batches] of [
    ['nothing', [], []],
    ['fewer than fit', [1, 2], [[1, 2]]],
    ['as many as fit', [1, 2, 3], [[1, 2, 3]]],
    ['one more', [1, 2, 3, 4], [[1, 2, 3], [4]]],
  ] as const) {
    it(`of ${what}`, () => expect(batchesOf(items, 3)).to.deep.equal(batches))
  }
})
