import {setMaxListeners} from 'node:events'

import type {APIClient} from '@heroku-cli/command'

/** What a request may take. */
interface Bounds {
  milliseconds: number
  signal: AbortSignal | undefined
  /** A question that a person is being asked on behalf of the request; undefined while there is none. */
  prompt: () => Promise<unknown> | undefined
}

/** The client's own timeout hears nothing of an answer that stops in the midst. The time that a person takes for an answer does not count. */
export async function endedBy<T>(work: Promise<T>, {milliseconds, signal, prompt}: Bounds): Promise<T> {
  work.catch(() => undefined)
  let end = () => {}
  const ended = new Promise<never>((_resolve, reject) => {
    let timer: NodeJS.Timeout
    const wait = () => {
      timer = setTimeout(() => {
        const asked = prompt()
        if (asked) void asked.then(wait)
        else reject(new Error('Request timed out'))
      }, milliseconds)
    }
    const abort = () => reject(signal?.reason as Error)
    wait()
    // Each of the requests that are under way listens: their number is no leak.
    if (signal) setMaxListeners(0, signal)
    signal?.addEventListener('abort', abort, {once: true})
    end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  })
  return Promise.race([work, ended]).finally(end)
}

const prompts = new WeakMap<APIClient, () => Promise<unknown> | undefined>()

/** The CLI's client asks for a second factor by itself, where a terminal is there; how long that takes only it knows. */
export function promptOf(api: APIClient): () => Promise<unknown> | undefined {
  const known = prompts.get(api)
  if (known) return known
  const ask = api.twoFactorPrompt.bind(api)
  let open: Promise<unknown> | undefined
  api.twoFactorPrompt = () => {
    const asking = ask()
    const settled: Promise<unknown> = asking
      .catch(() => undefined)
      .finally(() => {
        if (open === settled) open = undefined
      })
    open = settled
    return asking
  }
  const prompt = () => open
  prompts.set(api, prompt)
  return prompt
}
