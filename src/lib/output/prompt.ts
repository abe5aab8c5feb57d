import {createInterface, type Interface} from 'node:readline'

import {printable} from './printable.js'

let reader: Interface | undefined
const lines: string[] = []
let waiting: ((line: string | undefined) => void) | undefined
let ended = false

/** One reader for the life of the process, so that piped answers are not lost between two questions. */
function start(): void {
  if (reader) return
  ended = process.stdin.readableEnded
  reader = createInterface({input: process.stdin, terminal: false})
  reader.on('line', (line) => {
    const asked = waiting
    waiting = undefined
    if (asked) asked(line)
    else lines.push(line)
  })
  reader.on('close', () => {
    ended = true
    waiting?.(undefined)
  })
}

/** Asks on stderr and reads one line; undefined at the end of input. Rejects with the signal's reason when it aborts. */
export async function readAnswer(question: string, signal?: AbortSignal): Promise<string | undefined> {
  start()
  if (process.stdin.isTTY) lines.length = 0 // what was typed before the question is no answer to it
  process.stderr.write(printable(question))
  const ready = lines.shift()
  if (ready !== undefined || ended) return ready?.trim()
  try {
    return await new Promise<string | undefined>((resolve, reject) => {
      waiting = (line) => resolve(line?.trim())
      signal?.addEventListener('abort', () => reject(signal.reason as Error), {once: true})
    })
  } finally {
    waiting = undefined
  }
}

/** Lets the process end. */
export function closePrompt(): void {
  reader?.close()
  process.stdin.unref?.()
}
