const LINE = /^\S+ app\[[^\]]+\]: (.*)$/

/** Follows a dyno's log until the line that bears the mark, the end of the stream, or the deadline. */
export async function readUntilExit(
  open: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>,
  mark: string,
  seconds: number,
): Promise<{raw: string; text: string}> {
  const ended = new AbortController()
  const deadline = setTimeout(() => ended.abort(), seconds * 1000)
  const decoder = new TextDecoder()
  let raw = ''
  try {
    for await (const chunk of await open(ended.signal)) {
      raw += decoder.decode(chunk, {stream: true})
      if (exitStatus(raw, mark) !== undefined) break
    }
  } catch (error) {
    if (!ended.signal.aborted) raw += `\n${(error as Error).message}`
  } finally {
    clearTimeout(deadline)
    ended.abort()
  }
  const lines = raw.split('\n').flatMap((line) => LINE.exec(line)?.[1] ?? [])
  return {raw, text: lines.filter((line) => !line.includes(mark)).join('\n')}
}

/** The exit status that the command's own last line tells; the log is lossy, so it may be missing. */
export function exitStatus(log: string, mark: string): number | undefined {
  const told = new RegExp(`heroku-plugin-rds ${mark} exit (\\d+)`).exec(log)
  return told ? Number(told[1]) : undefined
}
