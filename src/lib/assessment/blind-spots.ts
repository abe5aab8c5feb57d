import type {SourceFacts} from '../ports/assessment.js'

interface Asked {
  activity: SourceFacts['activity'] | undefined
  trial: string | undefined
  /** Was the target tried from dynos? */
  tried: boolean
  /** Was one named? */
  target: boolean
}

/** What no assessment can see, and what this one was not asked to look at. */
export const blindSpotsOf = ({activity, trial, tried, target}: Asked): string[] => [
  'apps that share the database and that this Heroku account may not see: Heroku does not list them',
  'dataclips, and who reads through them: they stay with Heroku Postgres, and no interface lists them',
  'what the code of the apps does: hosts written into it, extensions it creates, what app.json asks for',
  `clients that were not connected ${activity ? `in the ${activity.seconds.toFixed(0)} s that were watched` : 'at that moment'}, and the load of other hours`,
  ...(target && !tried
    ? ['whether the dynos reach the target: --from-dynos tries it; a run does so before its window']
    : []),
  ...(trial === undefined ? ['whether logical replication works in the end: only --probe-replication proves it'] : []),
]
