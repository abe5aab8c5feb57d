import {expect} from 'chai'

import {lateSequences, type Position, sequencesBehind} from '../../src/lib/verify/sequences.js'

const at = (lastValue: string, isCalled = true, increment = '1'): Position => ({
  sequence: '"public"."numbers"',
  lastValue,
  isCalled,
  increment,
})
const behind = (source: Position, target: Position) => sequencesBehind([source], [target]).length > 0

describe('where sequences stand', () => {
  const MAX = 9_223_372_036_854_775_807n
  const cases: [string, Position, Position, boolean][] = [
    ['at the same value', at('100'), at('100'), false],
    ['one value behind', at('100'), at('99'), true],
    ['ahead of the source', at('100'), at('500'), false],
    ['never called on either side', at('1', false), at('1', false), false],
    ['called on the source only', at('1'), at('1', false), true],
    ['called on the target only', at('1', false), at('1'), false],
    ['about to give the same value in another way', at('5'), at('6', false), false],
    ['descending, and behind', at('-10', true, '-1'), at('-9', true, '-1'), true],
    ['descending, and ahead', at('-10', true, '-1'), at('-11', true, '-1'), false],
    ['descending, called on the source only', at('-1', true, '-1'), at('-1', false, '-1'), true],
    ['in steps, and at the same value', at('30', true, '10'), at('30', true, '10'), false],
    ['in steps, called on the source only', at('30', true, '10'), at('30', false, '10'), true],
    ['behind by one beyond 2^53', at('9007199254740993'), at('9007199254740992'), true],
    ['equal beyond 2^53', at('9007199254740993'), at('9007199254740993'), false],
    ['ahead by one beyond 2^53', at('9007199254740992'), at('9007199254740993'), false],
    ['at the very end', at(String(MAX)), at(String(MAX - 1n)), true],
    ['used up on both sides', at(String(MAX)), at(String(MAX)), false],
    ['at the very bottom', at(String(-MAX - 1n), true, '-1'), at(String(-MAX), true, '-1'), true],
  ]
  for (const [what, source, target, expected] of cases) {
    it(`a target ${what} ${expected ? 'must move' : 'stays'}`, () => expect(behind(source, target)).to.equal(expected))
  }

  it('a sequence the target lacks counts as behind', () => {
    expect(sequencesBehind([at('7')], [])).to.deep.equal([at('7')])
  })

  it('a sequence only the target has does not matter', () => {
    expect(sequencesBehind([], [at('7')])).to.deep.equal([])
  })

  it('lateness is told with the position of the source', () => {
    expect(lateSequences([at('100')], [at('99')])).to.deep.equal(['sequence "public"."numbers" has not reached 100'])
    expect(lateSequences([at('100')], [at('100')])).to.deep.equal([])
  })
})
