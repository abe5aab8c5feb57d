import type {Check} from '../../check.js'
import {known} from '../../../ports/fact.js'
import {ofEachApp} from './of-each-app.js'

/** A cutover with its preflight and its undo, counted against the sandbox and rounded up: what each app takes, and what is asked once. */
export const REQUESTS = {perApp: 100, once: 50}

const apiRequests: Check = {
  id: 'api-requests',
  question: 'Does this account have enough Heroku API requests left for a window and its undo?',
  level: 'warning',
  example: {byHand: 'heroku', facts: (healthy) => ({...healthy, account: {...healthy.account, requestsLeft: 20}})},

  inspect({account, apps}) {
    const left = known(account.requestsLeft)
    const needed = REQUESTS.once + REQUESTS.perApp * apps.length
    if (left >= needed) return []
    return [
      {
        what: `this account has ${left} Heroku API requests left, and gets 75 back a minute; a window and its undo can need ${needed}`,
        remedy: 'wait until it has more, and stop everything else that uses the same account: scripts, dashboards, CI',
      },
    ]
  },
}

/** An hour for preflight, window and a second thought. */
const LOGIN_SECONDS = 3600

const loginEnds: Check = {
  id: 'login-ends',
  question: 'Does the login of the Heroku CLI last longer than the window?',
  level: 'warning',
  example: {byHand: 'heroku', facts: (healthy) => ({...healthy, account: {...healthy.account, loginEnds: 600}})},

  inspect({account}) {
    const seconds = known(account.loginEnds)
    if (seconds === null || seconds >= LOGIN_SECONDS) return []
    return [
      {
        what: `the login of the Heroku CLI ends in ${Math.round(seconds / 60)} min; a window that is open then can neither continue nor be undone before you log in again`,
        remedy: 'log in again right before the window (heroku login), or use a token of heroku authorizations:create',
        fix: 'heroku login',
        runBy: 'shell',
      },
    ]
  },
}

const NEEDED = ['view', 'deploy', 'operate']

const rights = ofEachApp({
  id: 'heroku-rights',
  question: 'Can this account deploy and operate every attached app?',
  level: 'blocker',
  byHand: 'heroku',
  failing: () => ({rights: ['view', 'deploy']}),

  found({name, rights: given}) {
    const has = known(given)
    const missing = has === null ? [] : NEEDED.filter((right) => !has.includes(right))
    if (missing.length === 0) return []
    return [
      {
        what: `this account has no right to ${missing.join(' or ')} ${name}, which the window needs`,
        remedy: `ask someone who can manage ${name} to run heroku access:update EMAIL --permissions ${NEEDED.join(',')} --app ${name}`,
      },
    ]
  },
})

export default [apiRequests, loginEnds, rights] satisfies Check[]
