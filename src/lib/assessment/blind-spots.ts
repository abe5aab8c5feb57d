import type {SourceFacts} from '../ports/assessment.js'

interface Asked {
  activity: SourceFacts['activity'] | undefined
  trial: string | undefined
  /** Did dynos try to connect to the target? */
  tried: boolean
  /** Was a target named? */
  target: boolean
}

/** Facts that no assessment can see, and facts that this one was not asked to check. */
export const blindSpotsOf = ({activity, trial, tried, target}: Asked): string[] => [
  'apps attached to the database that this Heroku account cannot see, and apps that only have a copy of its URL: Heroku does not list them',
  'dataclips and their readers: they stay on Heroku Postgres, and no API lists them',
  'the code of the apps: hard-coded hosts, extensions it creates, add-ons in app.json',
  `clients that were not connected ${activity ? `during the ${activity.seconds.toFixed(0)} s of measurement` : 'at the time of the assessment'}, and the load at other hours`,
  ...(target && !tried
    ? ['whether the dynos can connect to the target: --from-dynos tries it, and so does a run before its window']
    : []),
  ...(trial === undefined
    ? ['whether the source can create a logical replication slot: only --probe-replication proves it']
    : []),
]
