import type {Check} from '../check.js'

const followers: Check = {
  id: 'followers',
  question: 'Do followers hang on this database?',
  level: 'warning',

  inspect({sourceFacts: {info}}) {
    const names = info.Followers ?? []
    if (names.length === 0) return []
    return [
      {
        what: `followers ${names.join(', ')} stay with Heroku Postgres`,
        remedy: 'create read replicas on RDS and set their URLs after the move',
      },
    ]
  },
}

const isFollower: Check = {
  id: 'is-follower',
  question: 'Is this database itself a follower?',
  level: 'blocker',

  async inspect({source, sourceFacts: {addon}}) {
    const [row] = await source.query<{standby: boolean}>('select pg_is_in_recovery() as standby')
    return row!.standby
      ? [{what: `${addon} is a follower: it cannot be frozen`, remedy: 'name the database it follows'}]
      : []
  },
}

const sharedDatabase: Check = {
  id: 'shared-database',
  question: 'Do other apps share the database?',
  level: 'warning',

  inspect({app, apps}) {
    return apps
      .filter(({name}) => name !== app)
      .map(({name, attachments}) => ({
        what: `app ${name} is attached too (${attachments.map((attachment) => attachment.name).join(', ')})`,
        remedy: 'it goes into maintenance and is switched together with this one',
      }))
  },
}

const namedCredentials: Check = {
  id: 'named-credentials',
  question: 'Do attachments use other credentials?',
  level: 'warning',

  inspect({apps}) {
    return apps.flatMap(({name, attachments}) =>
      attachments
        .filter(({namespace}) => namespace?.startsWith('credential:'))
        .map((attachment) => ({
          what: `${attachment.name} on ${name} uses ${attachment.namespace}: it will keep leading to the frozen source`,
          remedy: `create that role on RDS and set ${attachment.configVars[0] ?? 'its config var'} after the switch`,
        })),
    )
  },
}

const otherNames: Check = {
  id: 'other-config-vars',
  question: 'Do config vars besides DATABASE_URL lead to the source?',
  level: 'warning',

  inspect({apps}) {
    return apps.flatMap(({name, attachments}) => {
      const moves = attachments.some((attachment) => attachment.name === 'DATABASE')
      if (!moves) return []
      return attachments
        .filter((attachment) => attachment.namespace === null && attachment.name !== 'DATABASE')
        .map((attachment) => ({
          what: `${attachment.configVars.join(', ')} on ${name} will keep leading to the frozen source`,
          remedy: 'make the app read DATABASE_URL, or set that var after the switch',
        }))
    })
  },
}

const scheduler: Check = {
  id: 'scheduler',
  question: 'Does Heroku Scheduler start jobs that nothing can pause?',
  level: 'warning',

  inspect({apps}) {
    return apps
      .filter(({addons}) => addons.some(({plan}) => plan.startsWith('scheduler:')))
      .map(({name}) => ({
        what: `Heroku Scheduler on ${name} goes on during maintenance; a job that starts in the window is refused its writes`,
        remedy: 'choose a window between two runs, or make the jobs repeatable',
      }))
  },
}

const herokuConnect: Check = {
  id: 'heroku-connect',
  question: 'Does Heroku Connect write to the database?',
  level: 'blocker',

  inspect({apps}) {
    return apps
      .filter(({addons}) => addons.some(({plan}) => plan.startsWith('herokuconnect:')))
      .map(({name}) => ({
        what: `Heroku Connect on ${name} writes to the database and works with Heroku Postgres only`,
        remedy: 'pause and remove the connection before the move',
      }))
  },
}

const releasePhase: Check = {
  id: 'release-phase',
  question: 'Will a release phase run at the switch?',
  level: 'warning',

  inspect({apps}) {
    return apps
      .filter(({formation}) => formation.some(({type}) => type === 'release'))
      .map(({name}) => ({
        what: `the release phase of ${name} runs at the switch, on RDS, where its writes are refused until the gate`,
        remedy: 'deploy pending schema migrations before the window, so that it has nothing to write',
      }))
  },
}

const plannedMaintenance: Check = {
  id: 'planned-maintenance',
  question: 'Has Heroku planned maintenance of the database?',
  level: 'warning',

  inspect({sourceFacts: {plannedMaintenance: planned, addon}}) {
    return planned
      ? [
          {
            what: `Heroku has planned maintenance of ${addon}: ${planned}`,
            remedy: 'run it or move it before the window: heroku pg:maintenance',
          },
        ]
      : []
  },
}

const fir: Check = {
  id: 'fir',
  question: 'Is there an app without maintenance mode?',
  level: 'warning',

  inspect({apps}) {
    return apps
      .filter(({generation}) => generation === 'fir')
      .map(({name}) => ({
        what: `${name} is a Fir app: it has no maintenance mode`,
        remedy: 'its visitors see errors while its dynos are stopped',
      }))
  },
}

const network: Check = {
  id: 'no-static-addresses',
  question: 'Can the security group be narrowed to the app?',
  level: 'warning',

  inspect({apps}) {
    return apps
      .filter(({space}) => space === null)
      .map(({name}) => ({
        what: `${name} runs on the Common Runtime, whose dynos have no fixed addresses`,
        remedy:
          'the security group of RDS must admit more than you would like: use strong passwords and rds.force_ssl, or a static-IP add-on',
      }))
  },
}

export default [
  followers,
  isFollower,
  sharedDatabase,
  namedCredentials,
  otherNames,
  scheduler,
  herokuConnect,
  releasePhase,
  plannedMaintenance,
  fir,
  network,
] satisfies Check[]
