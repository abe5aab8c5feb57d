import type {AccountFacts} from '../../ports/assessment.js'
import {attempt} from '../../ports/fact.js'
import type {Heroku} from '../../ports/ports.js'

/** How long, and how often, this account may still ask Heroku for something. */
export async function accountFacts(heroku: Heroku): Promise<AccountFacts> {
  const [requestsLeft, loginEnds] = await Promise.all([
    attempt(() => heroku.requestsLeft()),
    attempt(() => heroku.loginEnds()),
  ])
  return {requestsLeft, loginEnds}
}
