import type {Found} from '../../../ports/assessment.js'
import type {ByHand, Check, Subject} from '../../check.js'
import {endsSoon} from '../../lifetime.js'
import {known} from '../../../ports/fact.js'
import {isInsideSpace} from '../../../apps/source-bastion.js'
import {sourceAnswering} from '../answering.js'

/** A check of the facts that Heroku reports about the database. */
const ofDatabase = (
  check: Omit<Check, 'example' | 'inspect'> & {
    found: (subject: Subject) => Found[]
    failing: Partial<Subject['sourceFacts']>
    byHand: ByHand
  },
): Check => {
  const {found, failing, byHand, ...rest} = check
  return {
    ...rest,
    example: {byHand, facts: (healthy) => ({...healthy, sourceFacts: {...healthy.sourceFacts, ...failing}})},
    inspect: found,
  }
}

const followers = ofDatabase({
  id: 'followers',
  question: 'Does the database have followers?',
  level: 'warning',
  byHand: 'after-the-move',
  failing: {info: {Followers: ['postgresql-curly-2']}},

  found({sourceFacts: {info}}) {
    const names = known(info).Followers ?? []
    if (names.length === 0) return []
    return [
      {
        what: `followers ${names.join(', ')} stay on Heroku Postgres`,
        remedy: 'create read replicas on RDS and set their URLs after the move',
      },
    ]
  },
})

const notAvailable = ofDatabase({
  id: 'not-available',
  question: 'Is the database available?',
  level: 'warning',
  byHand: 'heroku',
  failing: {info: {Status: ['Preparing']}},

  found({sourceFacts: {info, addon}}) {
    const status = known(info).Status?.[0] ?? 'Available'
    return /available/i.test(status)
      ? []
      : [
          {
            what: `Heroku reports the status of ${addon} as ${status}`,
            remedy: 'wait until it is available: heroku pg:wait',
          },
        ]
  },
})

const isFollower: Check = {
  id: 'is-follower',
  question: 'Is the database itself a follower?',
  level: 'blocker',
  example: {byHand: 'another-database', facts: sourceAnswering({standby: true})},

  async inspect({source, sourceFacts: {addon}}) {
    const row = await source.queryOne<{standby: boolean}>('select pg_is_in_recovery() as standby')
    return row.standby
      ? [{what: `${addon} is a follower, which cannot be frozen`, remedy: 'name the database it follows'}]
      : []
  },
}

const plannedMaintenance = ofDatabase({
  id: 'planned-maintenance',
  question: 'Has Heroku planned maintenance for the database?',
  level: 'warning',
  byHand: 'heroku',
  failing: {plannedMaintenance: 'a security update at 2030-01-01T00:00:00Z'},

  found({app, sourceFacts: {plannedMaintenance: maintenance, addon}}) {
    const planned = known(maintenance)
    if (planned === null) return []
    return [
      {
        what: `Heroku has planned maintenance for ${addon}: ${planned}`,
        remedy: 'run or reschedule it before the window',
        fix: `heroku pg:maintenance ${addon} --app ${app}`,
        runBy: 'shell',
      },
    ]
  },
})

const lifetime = ofDatabase({
  id: 'end-of-life',
  question: 'Is the Postgres version of the source near its end of life?',
  level: 'warning',
  byHand: 'nothing',
  failing: {major: 12, version: '12.22'},

  found({sourceFacts: {major, version, addon}, now}) {
    const end = endsSoon(major, now)
    if (end === undefined) return []
    return [
      {
        what: `Postgres ${version} of ${addon} gets no fixes after ${end}: Heroku will upgrade it at a time of its own choosing`,
        remedy: 'move before that date; the target can have a newer version, and the source need not be upgraded first',
      },
    ]
  },
})

const privatePlan = ofDatabase({
  id: 'private-plan',
  question: 'Can servers at AWS connect to the database?',
  level: 'warning',
  hinders: ['logical-decoding'],
  byHand: 'another-method',
  failing: {plan: 'heroku-postgresql:private-4'},

  found({sourceFacts: {plan, addon}}) {
    if (!isInsideSpace(plan)) return []
    return [
      {
        what: `${addon} is inside its space: this tool reaches it through a bastion, servers at AWS cannot`,
        remedy: 'use another method: a way for them into the space is not built',
      },
    ]
  },
})

export default [followers, notAvailable, isFollower, plannedMaintenance, lifetime, privatePlan] satisfies Check[]
