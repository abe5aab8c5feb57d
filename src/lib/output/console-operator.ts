import type {Operator, StepEvent, StepRecord} from '../ports/ports.js'
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
import {clockTime} from './text.js'
import {readAnswer} from './prompt.js'

const MARKS: Record<StepEvent['kind'], string> = {
  started: '…',
  finished: '✓',
  'found done': '✓',
  failed: '✗',
  undoing: '…',
  undone: '↩',
}

/** Tells an incident channel what happens: one line per event, clock time first. */
export function consoleOperator(print: (line: string) => void, {json}: {json: boolean}): Operator {
  const progress = displayFor(print, json)
  const write = (text: string) => {
    progress.clear()
    print(text)
  }
  const line = (mark: string, text: string) => write(`${clockTime(new Date())}  ${mark} ${text}`)
  return {
    tell: (text) => line(' ', text),

    step({kind, title: name, seconds: took, detail}) {
      const verb = kind === 'undoing' || kind === 'undone' ? `Undo: ${name}` : name
      const parts = [
        verb,
        took === undefined ? '' : `(${seconds(took)})`,
        kind === 'found done' ? '– was already done' : '',
        detail ? `– ${detail}` : '',
      ]
      line(MARKS[kind], parts.filter(Boolean).join(' '))
    },

    copying: (state) => progress.show(copyReport(state)),
    following: (state) => progress.show(followReport(state)),
    verifying: (state) => progress.show(verifyReport(state)),

    async decideGate(evidence: readonly StepRecord[], signal) {
      write('')
      write('  The gate. Until here everything can be undone for nothing; after it, writes land on RDS.')
      for (const {step, evidence: proof} of evidence) write(`    ✓ ${step}: ${proof}`)
      write('')
      for (;;) {
        const answer = await readAnswer('  Go live on RDS? Type yes, or no to undo everything: ', signal)
        if (answer === undefined || answer.toLowerCase() === 'no') return false
        if (answer.toLowerCase() === 'yes') return true
      }
    },
  }
}

function displayFor(print: (line: string) => void, json: boolean): ProgressDisplay {
  if (json) return jsonDisplay(print)
  return process.stderr.isTTY ? liveDisplay(process.stderr) : plainDisplay(print)
}
