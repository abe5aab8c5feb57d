import {expect} from 'chai'

import {htmlReport} from '../../src/lib/output/assessment/html.js'
import {markdownReport} from '../../src/lib/output/assessment/markdown.js'
import {viewOf} from '../../src/lib/output/assessment/view.js'
import {printable, printableJson, printableLines} from '../../src/lib/output/printable.js'
import {liveDisplay} from '../../src/lib/output/progress.js'
import {RdsCommand} from '../../src/lib/output/rds-command.js'
import type {Line} from '../../src/lib/output/text.js'
import {failed, RdsError} from '../../src/lib/ports/errors.js'
import {sampleAssessment} from '../support/sample-assessment.js'

/** All that a terminal or a browser obeys, each by itself. */
const RANGES = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x202a, 0x202e],
  [0x2066, 0x2069],
] as const
const CONTROLS = RANGES.flatMap(([from, to]) =>
  Array.from({length: to - from + 1}, (_, nth) => String.fromCharCode(from + nth)),
)
const NASTY = `a${CONTROLS.join('b')}c`
const BACK_TO_THE_BEGINNING = '12:00:00  \u001B[2J\u001B[1A✓ all is well\r\u0007\u009B1A\u202Elive\ndone'

const holdsNone = (text: string, ...but: string[]) =>
  expect(CONTROLS.filter((sign) => !but.includes(sign) && text.includes(sign))).to.deep.equal([])

/** What a command prints, on both streams. */
async function printedBy(json: boolean, act: (command: Command) => unknown): Promise<string> {
  let printed = ''
  const streams = [process.stdout, process.stderr] as const
  const writes = streams.map((stream) => stream.write.bind(stream))
  for (const stream of streams) stream.write = (text: string | Uint8Array) => ((printed += text.toString()), true)
  try {
    const config = {theme: undefined, dataDir: ''}
    const command = new Command(json ? ['--json'] : [], config as never)
    await act(command)
  } finally {
    for (const [nth, stream] of streams.entries()) stream.write = writes[nth] as typeof stream.write
  }
  return printed
}

class Command extends RdsCommand {
  run = () => Promise.resolve()
  style = (lines: Line[]) => this.logStyled(lines, {colour: true})
  ending = (error: Error) => this.catch(error).catch((thrown: Error) => thrown) as Promise<RdsError>
}

describe('Text of databases and of Heroku', () => {
  it('is one line, without anything that a terminal obeys; what differs looks different', () => {
    holdsNone(printable(NASTY))
    expect(printable(BACK_TO_THE_BEGINNING)).to.equal('12:00:00  �[2J�[1A✓ all is well ��1A�live done')
    expect(printable('orders\u001B')).not.to.equal(printable('orders'))
  })

  it('is left as it is where nothing obeys it', () => {
    const text = 'größer → 表 «שלום» 👩‍👩‍👧 \u200Fa\u00A0b'
    expect(printable(text)).to.equal(text)
    expect(printableLines('one\ntwo')).to.equal('one\ntwo')
  })

  it('stays what it is in JSON', () => {
    const json = printableJson(JSON.stringify({NASTY}))
    holdsNone(json)
    expect(JSON.parse(json)).to.deep.equal({NASTY})
  })

  it('is printed so by every command, whatever prints it', async () => {
    for (const [json, print] of [
      [false, (command: Command) => command.log(NASTY)],
      [false, (command: Command) => command.logToStderr(NASTY)],
      [true, (command: Command) => command.logJson({NASTY, [NASTY]: 1})],
    ] as const) {
      const printed = await printedBy(json, print)
      expect(printed).to.match(/b.*c/)
      holdsNone(printed, '\n')
    }
    const styled = await printedBy(false, (command) => command.style([{text: NASTY, style: 'red'}]))
    holdsNone(styled.replaceAll(/\u001B\[\d+m/g, ''), '\n')
    expect(styled.split('\n')).to.have.lengthOf(2)
  })

  it('is so in errors, their causes and suggestions', async () => {
    const cause = Object.assign(new Error(NASTY), {code: '42P01'})
    await printedBy(false, async (command) => {
      const error = await command.ending(new RdsError(1, 'test', `no ${NASTY}`, [NASTY], cause))
      for (const text of [error.message, ...error.suggestions]) holdsNone(text)
      for (const text of [error.stack!, (error.cause as Error).message, (error.cause as Error).stack!])
        holdsNone(text, '\n')
      expect((await command.ending(failed('test', 'two\nlines'))).message).to.equal('two lines')
    })
  })

  it('is so in what is drawn over again', () => {
    let drawn = ''
    const stream = {columns: 400, write: (text: string) => ((drawn += text), true)} as unknown as NodeJS.WriteStream
    liveDisplay(stream, () => undefined).begin(`12:00:00  … ${NASTY}`)
    holdsNone(drawn, '\n')
    expect(drawn.split('\n')).to.have.lengthOf(2)
  })

  it('is so in reports that are written to files', () => {
    const [finding] = sampleAssessment().findings
    const view = viewOf(sampleAssessment({findings: [{...finding!, what: NASTY, remedy: NASTY, fix: NASTY}]}))
    holdsNone(htmlReport({...view, title: NASTY}), '\n')
    holdsNone(markdownReport({...view, title: NASTY}), '\n')
  })
})
