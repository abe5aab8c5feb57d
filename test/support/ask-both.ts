import {allEnded} from '../../src/lib/flow/all-ended.js'
import type {Queryable} from '../../src/lib/ports/ports.js'
import {answerOf, type AskedOfBoth} from '../../src/lib/postgres/answers.js'

/** As rds:status asks, among other things. */
export async function askBoth<Here, There, Told>(
  {source, target}: {source: Queryable; target: Queryable},
  asked: AskedOfBoth<Here, There, Told>,
): Promise<Told | undefined> {
  const [here, there] = await allEnded([answerOf(source, asked.from), answerOf(target, asked.to)])
  return asked.told(here, there)
}
