import {createHash} from 'node:crypto'

import {expect} from 'chai'

import type {Assessment} from '../../src/lib/ports/assessment.js'
import {htmlReport} from '../../src/lib/output/assessment/html.js'
import {markdownReport} from '../../src/lib/output/assessment/markdown.js'
import {terminalReport} from '../../src/lib/output/assessment/terminal.js'
import {painted} from '../../src/lib/output/text.js'
import {viewOf} from '../../src/lib/output/assessment/view.js'
import {sampleAssessment} from '../support/sample-assessment.js'

const viewWith = (changes: Partial<Assessment> = {}) => viewOf(sampleAssessment(changes))
const without = (...levels: string[]) => sampleAssessment().findings.filter(({level}) => !levels.includes(level))

describe('The report of an assessment', () => {
  it('says first whether the app is ready, and what it rests on', () => {
    const verdict = (changes: Partial<Assessment>) => viewWith(changes).verdict
    expect(verdict({findings: without('blocker', 'unknown')})).to.deep.equal({
      kind: 'ready',
      text: 'Ready: Dump and restore, a window of about 66 min 40 s',
    })
    expect(verdict({findings: without('blocker')}).text).to.match(/^Unverified: .*, with 1 answer missing$/)
    const {recommendation: _none, ...blocked} = sampleAssessment()
    const impossible = blocked.eligibility.map((method) => ({...method, possible: false}))
    expect(viewOf({...blocked, eligibility: impossible}).verdict).to.deep.equal({
      kind: 'refused',
      text: 'Not ready: 1 blocker',
    })
    expect(viewOf({...blocked, budgetSeconds: 600}).verdict.text).to.equal(
      'Not within 10 min 0 s: the shortest window possible is about 66 min 40 s',
    )
  })

  it('shows blockers, then what is unknown, then warnings, then what concerns other methods only', () => {
    expect(viewWith().groups.map(({kind, findings}) => [kind, findings.map(({check}) => check)])).to.deep.equal([
      ['blocker', ['large-objects']],
      ['unknown', ['unseen-apps']],
      ['warning', ['preboot']],
      ['other', ['rules']],
    ])
  })

  describe('on a terminal', () => {
    it('fits 100 columns, but for what is there to be pasted', () => {
      const lines = terminalReport(viewWith()).map(({text}) => text)
      for (const line of lines.filter((one) => !one.startsWith('      '))) expect(line.length).to.be.at.most(100)
      expect(lines).to.include('      drop rule "`" on public."<script>"')
    })

    it('is coloured only when asked to, and says the same then', () => {
      const strip = (line: string) => line.replaceAll(/\u001B\[\d+m/g, '')
      const [plain, coloured] = [false, true].map((colour) =>
        terminalReport(viewWith()).map((line) => painted(line, {colour})),
      )
      expect(plain!.join('')).not.to.contain('\u001B')
      expect(coloured!.map(strip)).to.deep.equal(plain)
    })

    it('shows the arithmetic of the window, and what of it was measured', () => {
      const lines = terminalReport(viewWith())
        .map(({text}) => text)
        .join('\n')
      expect(lines).to.contain('65 min 0 s  copy the rows\n').and.to.contain('100 s  freeze (measured)')
    })
  })

  describe('as Markdown', () => {
    it('lets no name become markup, and keeps what is there to be pasted', () => {
      const text = markdownReport(viewWith())
      expect(text).to.contain('public."\\<b\\>\\|\\*\'"').and.to.contain('    drop rule "`" on public."<script>"\n')
      expect(text.split('\n').filter((line) => line.startsWith('    drop'))).to.have.lengthOf(1)
      expect(text).to.match(/^# shop: postgresql-flat-1\n/)
    })
  })

  describe('as a page', () => {
    const page = htmlReport(viewWith({budgetSeconds: 600}))

    it('runs nothing, loads nothing, and allows its own style only', () => {
      expect(page).not.to.match(/<script|<link|<img|url\(|https?:\/\/|\sstyle=|\son\w+=/i)
      const [, style] = /<style>([^]*)<\/style>/.exec(page)!
      const hash = createHash('sha256').update(style!).digest('base64')
      expect(page).to.contain(`default-src 'none'; style-src 'sha256-${hash}'`.replaceAll("'", '&#39;'))
    })

    it('escapes every name', () => {
      expect(page).to.contain('public.&quot;&lt;b&gt;|*&#39;&quot;').and.to.contain('public.&quot;&lt;script&gt;&quot;')
    })

    it('draws a bar for each term, and the sizes to one scale', () => {
      const widths = (name: string) =>
        [...page.matchAll(new RegExp(`<rect\\s+class="${name}"\\s+x="([\\d.]+)"[^>]*?width="([\\d.]+)"`, 'g'))].map(
          ([, x, width]) => [Number(x), Number(width)],
        )
      expect(widths('rows')).to.deep.equal([
        [0, 480],
        [0, 160],
      ])
      expect(widths('indexes')).to.deep.equal([
        [480, 240],
        [160, 80],
      ])
      expect(widths('term0')[0]![1]! / widths('term1')[0]![1]!).to.be.closeTo(39, 3)
    })

    it('draws a step in the same colour in every method', () => {
      const {eligibility} = sampleAssessment()
      const [first] = eligibility
      const other = {
        ...eligibility[1]!,
        possible: true,
        because: [],
        window: {seconds: 100, pauseSeconds: 100, terms: [first!.window.terms[1]!]},
      }
      const both = htmlReport(viewWith({eligibility: [first!, other]}))
      const drawn = [...both.matchAll(/class="(term\d)"\s+x="[^>]*><title>freeze: /g)].map(([, colour]) => colour)
      expect(drawn).to.deep.equal(['term1', 'term1'])
    })
  })
})
