import {inspect} from 'node:util'

import {expect} from 'chai'

import {gateReport} from '../../src/lib/output/console-operator.js'
import {copyReport, liveDisplay, plainDisplay} from '../../src/lib/output/progress.js'
import {verificationReport} from '../../src/lib/output/report.js'
import {RowName} from '../../src/lib/verify/row-name.js'

/** A terminal that knows the two sequences that are used: cursor up, and clear to the end of the screen. */
function terminalOf(columns = 100) {
  const lines: string[] = ['']
  const write = (text: string) => {
    for (const part of text.split(/(\u001B\[\d*[AJ]|\n)/).filter(Boolean)) {
      const [, count, what] = /^\u001B\[(\d*)([AJ])$/.exec(part) ?? []
      if (what === 'A') lines.length -= Number(count || 1)
      else if (what === 'J') lines[lines.length - 1] = ''
      else if (part === '\n') lines.push('')
      else lines[lines.length - 1] += part
    }
    return true
  }
  return {
    stream: {columns, write} as unknown as NodeJS.WriteStream,
    print: (line: string) => void write(`${line}\n`),
    screen: () => lines.slice(0, -1),
  }
}

const progress = copyReport({
  seconds: 1,
  bytes: 100,
  totalBytes: 200,
  tables: 1,
  totalTables: 2,
  indexes: 0,
  totalIndexes: 1,
  bytesPerSecond: 10,
  running: [{what: 'rows', table: 'public.orders', bytes: 100, sent: 50}],
})

describe('What happens, on a terminal', () => {
  it('is one line for each step: the end replaces the beginning, and lines told meanwhile stay above', () => {
    const {stream, print, screen} = terminalOf()
    const display = liveDisplay(stream, print)
    display.begin('12:00:00  … Copy the rows')
    expect(screen()).to.deep.equal(['12:00:00  … Copy the rows'])
    display.show(progress)
    expect(screen()).to.have.lengthOf(3)
    display.print('12:00:01    a warning')
    expect(screen().slice(0, 2)).to.deep.equal(['12:00:01    a warning', '12:00:00  … Copy the rows'])
    expect(screen()[3]).to.contain('public.orders: 50 B of 100 B')
    display.end('12:00:02  ✓ Copy the rows')
    display.begin('12:00:02  … Verify')
    display.end('12:00:03  ✓ Verify')
    expect(screen()).to.deep.equal(['12:00:01    a warning', '12:00:02  ✓ Copy the rows', '12:00:03  ✓ Verify'])
  })

  it('never wraps what will be drawn over', () => {
    const {stream, print, screen} = terminalOf(20)
    const display = liveDisplay(stream, print)
    display.begin('12:00:00  … a step with a title that is too long for it')
    expect(screen()).to.deep.equal(['12:00:00  … a step '])
    display.end('12:00:01  ✓ done')
    expect(screen()).to.deep.equal(['12:00:01  ✓ done'])
  })

  it('breaks lines that stay between words, below the text', () => {
    const {stream, print, screen} = terminalOf(40)
    liveDisplay(stream, print).end('12:00:00  ✓ Copy the rows and build the indexes – 5 rows')
    expect(screen()).to.deep.equal(['12:00:00  ✓ Copy the rows and build the', '            indexes – 5 rows'])
  })

  it('keeps every line in a log', () => {
    const {print, screen} = terminalOf()
    const display = plainDisplay(print)
    display.begin('… Verify')
    display.end('✓ Verify')
    display.end()
    expect(screen()).to.deep.equal(['… Verify', '✓ Verify'])
  })
})

describe('The gate', () => {
  it('shows proofs by subject, what it cost so far, and what a yes means, in 100 columns', () => {
    const lines = gateReport({
      proofs: [
        {subject: 'Rows and objects', proof: `12,340 rows are equal ${'and so on '.repeat(12)}`},
        {subject: 'Writers', proof: 'none'},
      ],
      writePauseSeconds: 1.2,
      windowSeconds: 125,
      afterYes: 'A yes lets shop write to RDS.',
    })
    for (const line of lines) expect(line.length).to.be.at.most(100)
    expect(lines).to.include('    Writers           none')
    expect(lines).to.include('    So far            write pause 1.2 s, window 2 min 5 s')
    expect(lines.at(-1)).to.equal('  A yes lets shop write to RDS.')
    expect(lines.filter((line) => line.startsWith(' '.repeat(22)))).to.have.lengthOf.at.least(1)
  })
})

describe('A verification', () => {
  const told = (differing: number, moved: string[], how: {showRows?: boolean} = {}) =>
    verificationReport(
      'shop',
      {
        tables: 5,
        rows: 1000n,
        bytes: 1000,
        differences: Array.from({length: differing}, (_, row) => ({
          table: 'public.orders',
          row: new RowName(`(${row},someone@example.com)`),
          what: 'different' as const,
          columns: ['state'],
        })),
        moved,
      },
      1,
      how,
    )

  it('says that all is equal only where all was compared', () => {
    expect(told(0, []).lines).to.deep.equal(['shop: 1,000 rows of 5 tables, 1.0 kB, in 1.0 s: all equal'])
    const {result, lines} = told(0, ['public.events'])
    expect(result.equal).to.equal(false)
    expect(lines).to.deep.equal([
      'shop: 1,000 rows of 4 tables, 1.0 kB, in 1.0 s: no difference found, but 1 table could not be compared',
      '  public.events was truncated or rewritten during the comparison: verify again',
    ])
  })

  it('names rows without what they hold, the same row by the same name, unless they are to be shown', () => {
    const {result, lines} = told(2, [])
    expect(lines.slice(1)).to.have.lengthOf(2)
    for (const line of lines.slice(1)) expect(line).to.match(/^  public\.orders row [0-9a-f]{12}: state differs$/)
    expect(new Set(lines)).to.have.lengthOf(3)
    expect(told(2, []).lines).to.deep.equal(lines)
    expect(lines[1]).to.contain((JSON.parse(JSON.stringify(result)) as typeof result).differences[0]!.row)
    const shown = told(2, [], {showRows: true})
    expect(shown.lines[1]).to.equal('  public.orders (0,someone@example.com): state differs')
    for (const one of [result, shown.result])
      expect(JSON.stringify(one) + inspect(one, {depth: 9})).not.to.contain('someone')
  })

  it('counts what differs beside what could not be compared', () => {
    expect(told(1, []).lines[0]).to.match(/: 1 row differs$/)
    expect(told(2, ['public.events', 'public.logs']).lines[0]).to.match(
      /: 2 rows differ, and 2 tables could not be compared$/,
    )
  })
})
