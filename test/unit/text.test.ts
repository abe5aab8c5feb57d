import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import {expect} from 'chai'

import type {RdsError} from '../../src/lib/ports/errors.js'
import {parseDuration, readTextFile} from '../../src/lib/output/flag-values.js'
import {bytes, seconds} from '../../src/lib/ports/figures.js'
import {clockTime, table, wrap} from '../../src/lib/output/text.js'

describe('times and sizes as the operator reads them', () => {
  const durations: [number, string][] = [
    [0, '0.0 s'],
    [0.44, '0.4 s'],
    [9.94, '9.9 s'],
    [12.4, '12 s'],
    [119.4, '119 s'],
    [120, '2 min 0 s'],
    [200, '3 min 20 s'],
    [179.7, '3 min 0 s'],
    [3599.6, '60 min 0 s'],
    [7199.6, '2 h 0 min'],
    [7859, '2 h 10 min'],
  ]
  for (const [value, text] of durations) {
    it(`${value} seconds are ${text}`, () => expect(seconds(value)).to.equal(text))
  }

  const sizes: [number | string, string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1_234_567, '1.2 MB'],
    ['1200000000', '1.2 GB'],
    ['9007199254740993', '9007.2 TB'],
    [999_960, '1.0 MB'],
  ]
  for (const [value, text] of sizes) {
    it(`${value} bytes are ${text}`, () => expect(bytes(value)).to.equal(text))
  }

  it('the time of day is the one of the operator’s clock', () => {
    expect(clockTime(new Date(2026, 0, 2, 3, 4, 5))).to.equal('03:04:05')
  })
})

describe('text on the screen', () => {
  it('stands in columns, the last of which is not padded', () => {
    expect(
      table([
        ['a', 'long word', 'x'],
        ['longer', 'b', 'yy'],
      ]),
    ).to.deep.equal(['a       long word  x', 'longer  b          yy'])
    expect(
      table([
        ['a', ''],
        ['bb', ''],
      ]),
    ).to.deep.equal(['a', 'bb'])
    expect(table([])).to.deep.equal([])
  })

  it('breaks at 100 columns and keeps every word', () => {
    const words = Array.from({length: 80}, (_, i) => 'w'.repeat(1 + ((i * 7) % 23)))
    const lines = wrap(words.join(' '), '    ')
    expect(lines.length).to.be.above(5)
    expect(lines.every((line) => line.length <= 100 && line.startsWith('    w'))).to.equal(true)
    expect(lines.flatMap((line) => line.trim().split(' '))).to.deep.equal(words)
  })

  it('leaves a word longer than the line whole', () => {
    const url = 'x'.repeat(150)
    expect(wrap(`see ${url} there`, '- ')).to.deep.equal(['- see', `- ${url}`, '- there'])
  })
})

describe('the values of flags', () => {
  const durations: Record<string, number> = {'90s': 90, '10m': 600, '1h': 3600, '007m': 420}
  for (const [text, value] of Object.entries(durations)) {
    it(`${text} is ${value} seconds`, () => expect(parseDuration(text)).to.equal(value))
  }

  it('no duration is no duration', () => expect(parseDuration(undefined)).to.equal(undefined))

  for (const text of ['', '10', 'm', '0s', '00m', '-5m', '1.5h', '10 m', '10M', '10min', '1h30m', '1e3s', ' 10m']) {
    it(`${JSON.stringify(text)} is wrong usage`, () => {
      expect(() => parseDuration(text))
        .to.throw(`${text} is not a duration`)
        .with.nested.property('oclif.exit', 2)
    })
  }

  it('a file is read, and a missing one is wrong usage', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flag-values-'))
    try {
      const file = join(folder, 'smoke.sql')
      await writeFile(file, 'select 1;\n')
      expect(await readTextFile(file)).to.equal('select 1;\n')
      expect(await readTextFile(undefined)).to.equal(undefined)
      const error = await readTextFile(join(folder, 'other.sql')).catch((thrown: RdsError) => thrown)
      expect((error as RdsError).oclif.exit).to.equal(2)
      expect((error as RdsError).message).to.include('other.sql cannot be read')
    } finally {
      await rm(folder, {recursive: true})
    }
  })
})
