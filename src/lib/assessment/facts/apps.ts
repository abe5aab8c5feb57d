import type {Attachment, Heroku} from '../../ports/ports.js'
import {type SourceAddress, sourceVarsOf} from '../../apps/source-vars.js'
import type {AppFacts, UnseenApp} from '../../ports/assessment.js'
import {attempt, ifKnown, Unread} from '../../ports/fact.js'

/** What stands for the apps that Heroku did not list. */
export const UNLISTED = 'other attached apps'

/**
 * Facts of every app attached to the database, the app itself first; and attached apps that could not be inspected.
 * Heroku lists attachments only for apps that the account can see, but always names the app that the add-on is billed
 * to, which always has it attached.
 */
export async function appFacts(
  heroku: Heroku,
  app: string,
  addon: Attachment['addon'],
  address: SourceAddress,
): Promise<{apps: AppFacts[]; unseen: UnseenApp[]}> {
  const listed = await attempt(() => heroku.attachments(addon.id))
  const attachments = ifKnown(listed) ?? (await heroku.databases(app)).filter((one) => one.addon.id === addon.id)
  const names = [...new Set([app, ...attachments.map((attachment) => attachment.app)])]
  const unseen: UnseenApp[] = listed instanceof Unread ? [{app: UNLISTED, why: listed.message}] : []
  if (!names.includes(addon.billingApp)) {
    unseen.push({
      app: addon.billingApp,
      why: `${addon.name} is billed to it, and this account cannot see its attachment`,
    })
  }
  const apps: AppFacts[] = []
  const readings = names.map((name) =>
    attempt(() => factsOfApp(heroku, name, {addon: addon.name, attachments, address})),
  )
  for (const [i, facts] of (await Promise.all(readings)).entries()) {
    if (facts instanceof Unread) unseen.push({app: names[i]!, why: facts.message})
    else apps.push(facts)
  }
  return {apps, unseen}
}

async function factsOfApp(
  heroku: Heroku,
  name: string,
  {addon, attachments, address}: {addon: string; attachments: readonly Attachment[]; address: SourceAddress},
): Promise<AppFacts> {
  const own = attachments.filter((attachment) => attachment.app === name)
  const app = heroku.app(name)
  const [facts, formation, preboot, addons, release, dynos, config, network, pipeline, autoscalers, rights] =
    await Promise.all([
      app,
      heroku.formation(name),
      heroku.preboot(name),
      heroku.addons(name),
      heroku.latestRelease(name),
      heroku.dynos(name),
      attempt(() => heroku.configVars(name)),
      attempt(async () => {
        const {space} = await app
        return space === null ? null : heroku.network(space)
      }),
      attempt(() => heroku.pipeline(name)),
      attempt(async () => heroku.autoscalers((await app).id)),
      attempt(() => heroku.rights(name)),
    ])
  const foreign = addons.filter((one) => one.name !== addon).flatMap(({configVars}) => configVars)
  const types = new Set(formation.map(({type}) => type))
  return {
    ...facts,
    formation,
    preboot,
    addons: addons.map(({name: which, plan}) => ({name: which, plan})),
    release: release.version,
    attachments: own,
    oneOffs: dynos.filter(({type}) => !types.has(type)).map((dyno) => dyno.name),
    sourceVars: config instanceof Unread ? config : sourceVarsOf(config, own, address, foreign),
    network,
    pipeline,
    autoscalers,
    rights,
  }
}
