import type {Found} from '../../../ports/assessment.js'
import type {Check, Subject} from '../../check.js'
import {endsSoon} from '../../lifetime.js'
import {known} from '../../../ports/fact.js'
import {parsePlan} from '../../plan.js'

/** A check of Heroku's own account of the database. */
const ofDatabase = (
  check: Omit<Check, 'example' | 'inspect'> & {
    found: (subject: Subject) => Found[]
    failing: Partial<Subject['sourceFacts']>
  },
): Check => {
  const {found, failing, ...rest} = check
  return {
    ...rest,
    example: {facts: (healthy) => ({...healthy, sourceFacts: {...healthy.sourceFacts, ...failing}})},
    inspect: found,
  }
}

const followers = ofDatabase({
  id: 'followers',
  question: 'Do followers hang on this database?',
  level: 'warning',
  failing: {info: {Followers: ['postgresql-curly-2']}},

  found({sourceFacts: {info}}) {
    const names = known(info).Followers ?? []
    if (names.length === 0) return []
    return [
      {
        what: `followers ${names.join(', ')} stay with Heroku Postgres`,
        remedy: 'create read replicas on RDS and set their URLs after the move',
      },
    ]
  },
})

const notAvailable = ofDatabase({
  id: 'not-available',
  question: 'Is the database up, and done with being made?',
  level: 'warning',
  failing: {info: {Status: ['Preparing']}},

  found({sourceFacts: {info, addon}}) {
    const status = known(info).Status?.[0] ?? 'Available'
    return /available/i.test(status)
      ? []
      : [{what: `Heroku says of ${addon}: ${status}`, remedy: 'wait until it is available: heroku pg:wait'}]
  },
})

const isFollower: Check = {
  id: 'is-follower',
  question: 'Is this database itself a follower?',
  level: 'blocker',
  example: {
    facts: (healthy) => ({
      ...healthy,
      source: {...healthy.source, query: <Row>() => Promise.resolve([{standby: true}] as Row[])},
    }),
  },

  async inspect({source, sourceFacts: {addon}}) {
    const row = await source.queryOne<{standby: boolean}>('select pg_is_in_recovery() as standby')
    return row.standby
      ? [{what: `${addon} is a follower: it cannot be frozen`, remedy: 'name the database it follows'}]
      : []
  },
}

const plannedMaintenance = ofDatabase({
  id: 'planned-maintenance',
  question: 'Has Heroku planned maintenance of the database?',
  level: 'warning',
  failing: {plannedMaintenance: 'a security update at 2030-01-01T00:00:00Z'},

  found({sourceFacts: {plannedMaintenance: maintenance, addon}}) {
    const planned = known(maintenance)
    if (planned === null) return []
    return [
      {
        what: `Heroku has planned maintenance of ${addon}: ${planned}`,
        remedy: 'run it or move it before the window',
        fix: `heroku pg:maintenance ${addon}`,
      },
    ]
  },
})

const lifetime = ofDatabase({
  id: 'end-of-life',
  question: 'Does the version of the database still get fixes?',
  level: 'warning',
  failing: {major: 12, version: '12.22'},

  found({sourceFacts: {major, version, addon}, now}) {
    const end = endsSoon(major, now)
    if (end === undefined) return []
    return [
      {
        what: `Postgres ${version} of ${addon} gets no fixes after ${end}: Heroku will upgrade it, at a time of its choosing`,
        remedy: 'move before that; the target may be newer, and nothing has to be upgraded first',
      },
    ]
  },
})

const privatePlan = ofDatabase({
  id: 'private-plan',
  question: 'Can the database be reached from outside its Private Space?',
  level: 'warning',
  failing: {plan: 'heroku-postgresql:private-4'},

  found({sourceFacts: {plan, addon}}) {
    const {tier} = parsePlan(plan)
    if (tier !== 'private' && tier !== 'shield') return []
    return [
      {
        what: `${addon} is on a ${tier} plan: nothing outside its space reaches it without trusted IP ranges`,
        remedy:
          tier === 'shield'
            ? 'run the move from inside the space; PGBackups do not exist there'
            : 'admit the machine the move runs from to the trusted IP ranges of the space, or run it inside',
      },
    ]
  },
})

export default [followers, notAvailable, isFollower, plannedMaintenance, lifetime, privatePlan] satisfies Check[]
