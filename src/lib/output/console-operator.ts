import type {GateEvidence, Operator, StepEvent} from '../ports/ports.js'
import {
  copyReport,
  followReport,
  jsonDisplay,
  liveDisplay,
  plainDisplay,
  type ProgressDisplay,
  verifyReport,
} from './progress.js'
import {seconds} from '../ports/figures.js'
import {clockTime, wrap} from './text.js'
import {readAnswer} from './prompt.js'

const MARKS: Record<StepEvent['kind'], string> = {
  started: '…',
  finished: '✓',
  'found done': '✓',
  failed: '✗',
  undoing: '…',
  undone: '↩',
}

/** Tells an incident channel what happens: one line per event, clock time first. On a terminal a step that ends replaces its own line. */
export function consoleOperator(print: (line: string) => void, {json}: {json: boolean}): Operator {
  const display = displayFor(print, json)
  const line = (mark: string, text: string) => `${clockTime(new Date())}  ${mark} ${text}`
  return {
    tell: (text) => display.print(line(' ', text)),

    step(event) {
      const text = line(MARKS[event.kind], stepText(event))
      if (event.kind === 'started' || event.kind === 'undoing') display.begin(text)
      else display.end(text)
    },

    copying: (state) => display.show(copyReport(state)),
    following: (state) => display.show(followReport(state)),
    verifying: (state) => display.show(verifyReport(state)),

    async decideGate(evidence, signal) {
      display.end()
      for (const text of gateReport(evidence)) print(text)
      for (;;) {
        const answer = await readAnswer('  Go live on RDS? Type yes, or no to undo everything: ', signal)
        if (answer === undefined || answer.toLowerCase() === 'no') return false
        if (answer.toLowerCase() === 'yes') return true
      }
    },
  }
}

function stepText({kind, title, seconds: took, detail}: StepEvent): string {
  const parts = [
    kind === 'undoing' || kind === 'undone' ? `Undo: ${title}` : title,
    took === undefined ? '' : `(${seconds(took)})`,
    kind === 'found done' ? '– was already done' : '',
    detail ? `– ${detail}` : '',
  ]
  return parts.filter(Boolean).join(' ')
}

/** The screen at the gate: proofs that a tired person can judge, what it has cost so far, and what a yes means. */
export function gateReport({proofs, writePauseSeconds, windowSeconds, afterYes}: GateEvidence): string[] {
  const soFar = `write pause ${seconds(writePauseSeconds)}, window ${seconds(windowSeconds)}`
  const rows = [...proofs, {subject: 'So far', proof: soFar}]
  const width = Math.max(...rows.map(({subject}) => subject.length))
  return [
    '',
    '  The gate. Up to here everything can be undone without loss.',
    '',
    ...rows.flatMap(({subject, proof}) =>
      wrap(proof, ' '.repeat(width + 6)).map((text, i) =>
        i === 0 ? `    ${subject.padEnd(width)}  ${text.trimStart()}` : text,
      ),
    ),
    '',
    ...wrap(afterYes, '  '),
  ]
}

function displayFor(print: (line: string) => void, json: boolean): ProgressDisplay {
  if (json) return jsonDisplay(print)
  return process.stderr.isTTY ? liveDisplay(process.stderr, print) : plainDisplay(print)
}
