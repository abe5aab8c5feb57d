import type {Finding} from '../../ports/assessment.js'
import {type Line, wrap} from '../text.js'
import {termLine} from '../window.js'
import {type MethodView, type View, windowLength} from './view.js'

const OF_GROUP = {blocker: 'red', unknown: 'yellow', warning: 'yellow', other: 'dim'} as const
const OF_VERDICT = {ready: 'green', refused: 'red', unverified: 'yellow'} as const

/** The report on a terminal of 100 columns. */
export function terminalReport(view: View): Line[] {
  const heading = (text: string, style: Line['style'] = 'bold') => ['', {style, text: `=== ${text}`}, '']
  const bullets = (lines: readonly string[]) => lines.flatMap((line) => hang(line, '- '))
  const lines: (string | Line)[] = [
    {style: 'bold', text: `=== ${view.title}`},
    {style: 'dim', text: view.takenAt},
    '',
    ...wrap(view.verdict.text).map((text) => ({style: OF_VERDICT[view.verdict.kind], text})),
    ...view.groups.flatMap(({kind, title, findings}) => [
      ...heading(`${title} (${findings.length})`, OF_GROUP[kind]),
      ...findings.flatMap(findingLines),
    ]),
    ...heading('Facts'),
    ...factLines(view.facts),
    ...heading('Methods, simplest first'),
    ...view.methods.flatMap(methodLines),
    ...heading('Recommended'),
    ...wrap(view.recommendation),
    ...heading('Suggested target at AWS'),
    ...bullets(view.destination),
    ...(view.bridge.length > 0 ? [...heading('Too large to copy through a client'), ...bullets(view.bridge)] : []),
    ...heading('What this report cannot see'),
    ...bullets(view.blindSpots),
  ]
  return lines.map((line) => (typeof line === 'string' ? {text: line} : line))
}

const findingLines = ({what, remedy, fix}: Finding): string[] => [
  ...hang(what, '- '),
  ...hang(remedy, '  → '),
  // Not wrapped, so that it can be pasted.
  ...(fix ? [`      ${fix}`] : []),
]

/** Puts the mark before the first line, and indents the others to the same width. */
const hang = (text: string, mark: string): string[] =>
  wrap(text, ' '.repeat(mark.length)).map((line, i) => (i === 0 ? mark + line.slice(mark.length) : line))

function factLines(facts: View['facts']): string[] {
  const width = Math.max(...facts.map(([label]) => label.length))
  return facts.flatMap(([label, value]) => hang(value, `${label.padEnd(width)}  `))
}

const methodLines = ({title, possible, reasons, window}: MethodView): string[] =>
  possible
    ? [`${title}: possible, a window of about ${windowLength(window)}`, ...window.terms.map(termLine)]
    : [`${title}: not possible`, ...reasons.flatMap((reason) => hang(reason, '    - '))]
