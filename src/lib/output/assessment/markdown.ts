import type {Finding} from '../../ports/assessment.js'
import {bytes, seconds} from '../../ports/figures.js'
import {printable} from '../printable.js'
import {type MethodView, type View, windowLength} from './view.js'

/** The report as GitHub-flavoured Markdown, for an issue or a wiki. */
export function markdownReport(view: View): string {
  const section = (title: string, ...lines: string[]) => ['', `## ${title}`, '', ...lines]
  const lines = [
    `# ${text(view.title)}`,
    '',
    `_${view.takenAt}_`,
    '',
    `**${text(view.verdict.text)}**`,
    ...view.groups.flatMap(({title, findings}) =>
      section(`${title} (${findings.length})`, ...findings.flatMap(finding)),
    ),
    ...section('Facts', ...grid(['', ''], view.facts)),
    ...(view.largest.length > 0
      ? section(
          'Largest tables',
          ...grid(
            ['table', 'rows', 'size', 'of which indexes'],
            view.largest.map(({name, rows, bytes: size, indexBytes}) => [
              name,
              rows.toLocaleString('en'),
              bytes(size),
              bytes(indexBytes),
            ]),
          ),
        )
      : []),
    ...section('Methods, simplest first', ...view.methods.flatMap(method)),
    ...section('Recommended', text(view.recommendation)),
    ...section('Suggested target at AWS', ...bullets(view.destination)),
    ...(view.bridge.length > 0 ? section('Too large to copy through a client', ...bullets(view.bridge)) : []),
    ...section('What this report cannot see', ...bullets(view.blindSpots)),
  ]
  return `${lines.map(printable).join('\n')}\n`
}

/** Escapes text: a name from a database can contain any markup. */
const text = (raw: string): string => raw.replaceAll(/[\\`*_[\]<>|#]/g, String.raw`\$&`).replaceAll(/\s+/g, ' ')

const bullets = (lines: readonly string[]): string[] => lines.map((line) => `- ${text(line)}`)

const grid = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => '---'), ...rows.map((row) => row.map(text))].map((row) => `| ${row.join(' | ')} |`)

const finding = ({what, remedy, fix}: Finding): string[] => {
  const fence = '`'.repeat(Math.max(3, ...[...(fix ?? '').matchAll(/`+/g)].map(([run]) => run.length + 1)))
  return [
    `- ${text(what)}`,
    `  - ${text(remedy)}`,
    ...(fix ? ['', `    ${fence}`, `    ${fix}`, `    ${fence}`, ''] : []),
  ]
}

const method = ({title, possible, reasons, window}: MethodView): string[] =>
  possible
    ? [
        `**${title}**: possible, a window of about ${windowLength(window)}`,
        '',
        ...grid(
          ['step', 'duration'],
          window.terms.map(({what, seconds: takes, measured}) => [
            what,
            `${seconds(takes)}${measured ? ' (measured)' : ''}`,
          ]),
        ),
        '',
      ]
    : [`**${title}**: not possible`, '', ...bullets(reasons), '']
