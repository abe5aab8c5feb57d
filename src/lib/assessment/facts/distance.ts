import type {Distance} from '../../ports/assessment.js'
import {beside} from '../../flow/waits.js'
import {attempt, ifKnown} from '../../ports/fact.js'
import type {Clock, Database, Heroku} from '../../ports/ports.js'
import {measureLine} from '../../postgres/line.js'

/** Measures the lines to both databases at the same time, as a copy uses them. */
export async function linesTo(
  source: Database,
  target: Database | undefined,
  clock: Clock,
): Promise<Pick<Distance, 'source' | 'target'>> {
  const [down, up] = await Promise.all([
    beside(() => attempt(() => measureLine(source, 'down', clock))),
    target && beside(() => attempt(() => measureLine(target, 'up', clock))),
  ])
  return {source: down, ...(up ? {target: up} : {})}
}

/** The same, of which some methods, each a single request, are timed; `median` is in seconds. */
export function timed(heroku: Heroku, clock: Clock): {heroku: Heroku; median: () => number} {
  const took: number[] = []
  const timing = async <T>(ask: () => Promise<T>): Promise<T> => {
    const begun = clock.now().getTime()
    const answer = await ask()
    took.push((clock.now().getTime() - begun) / 1000)
    return answer
  }
  return {
    heroku: {
      ...heroku,
      app: (name) => timing(() => heroku.app(name)),
      dynos: (app) => timing(() => heroku.dynos(app)),
      formation: (app) => timing(() => heroku.formation(app)),
      latestRelease: (app) => timing(() => heroku.latestRelease(app)),
    },
    median: () => took.sort((one, other) => one - other)[Math.floor(took.length / 2)] ?? 0,
  }
}

/** Which of both databases a request goes to is another with each; 0 where neither line was measured. */
export const longerTrip = ({source, target}: Distance): number =>
  Math.max(ifKnown(source)?.roundTripSeconds ?? 0, (target && ifKnown(target)?.roundTripSeconds) ?? 0)
