import {isDeepStrictEqual} from 'node:util'

import type {AppBefore} from './app.js'
import {typesUp} from './app-before.js'
import {allEnded} from '../flow/all-ended.js'
import type {AppFacts, UnseenApp} from '../ports/assessment.js'
import {attempt, ifKnown} from '../ports/fact.js'
import type {Attachment, Heroku} from '../ports/ports.js'

interface Read {
  apps: readonly AppFacts[]
  unseen: readonly UnseenApp[]
}

/** Whether apps are still as they were read: the same ones, each as it was. What cannot be read again is not. */
export async function areAsBefore(
  heroku: Heroku,
  addon: Attachment['addon'],
  read: Read,
  apps: readonly AppBefore[],
): Promise<boolean> {
  const answers = await allEnded([
    attempt(async () => areAttached(await heroku.attachments(addon.id), read)),
    ...apps.map((app) => attempt(() => isAsBefore(heroku, app))),
  ])
  return answers.every((answer) => ifKnown(answer) === true)
}

function areAttached(attachments: readonly Attachment[], {apps, unseen}: Read): boolean {
  const idsOf = (some: readonly Attachment[]) => some.map(({id}) => id).sort()
  const now = attachments.filter(({app}) => !unseen.some((one) => one.app === app))
  return isDeepStrictEqual(idsOf(now), idsOf(apps.flatMap((app) => app.attachments)))
}

/**
 * A change of code, config vars, attachments or add-ons makes a release (Dev Center, "Releases"): the number of the newest one answers for
 * all of these. What changes without a release is read again.
 */
async function isAsBefore(heroku: Heroku, app: AppBefore): Promise<boolean> {
  const {id, name, release, maintenance, formation, preboot, autoscalers, upBefore} = app
  const [newest, {maintenance: maintained}, formed, prebooted, scalers, dynos] = await allEnded([
    heroku.latestRelease(name),
    heroku.app(name),
    heroku.formation(name),
    heroku.preboot(name),
    attempt(() => heroku.autoscalers(id)),
    heroku.dynos(name),
  ])
  return isDeepStrictEqual(
    [newest.version, maintained, formed, prebooted, ifKnown(scalers) ?? autoscalers, typesUp(formed, dynos)],
    [release, maintenance, formation, preboot, autoscalers, upBefore],
  )
}
