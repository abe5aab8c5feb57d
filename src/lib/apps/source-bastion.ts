import {refused} from '../ports/errors.js'
import type {Attachment, Bastion, Heroku} from '../ports/ports.js'

type Addon = Pick<Attachment['addon'], 'id' | 'name' | 'plan'>

const planOf = (name: string): string => name.split(':').at(-1)!

/** Databases of these plans are reached from within their space only, but for a bastion: `private-0`, `shield-4`, `advanced-private`. */
export const isInsideSpace = (plan: string): boolean => /private|shield/.test(planOf(plan))

/**
 * The bastion that leads to a database from outside of its space, found as `heroku pg:psql` does (heroku-cli-util, `utils/pg`): for a
 * Private plan it is told by the Data API, for a Shield plan by config vars, where they are set. Undefined for a plan that needs none.
 */
export async function bastionOf(heroku: Heroku, addon: Addon): Promise<Bastion | undefined> {
  if (!isInsideSpace(addon.plan)) return undefined
  const plan = planOf(addon.plan)
  const bastion = await (plan.startsWith('private')
    ? heroku.bastion(addon.id)
    : plan.startsWith('shield')
      ? bastionInConfig(heroku, addon)
      : undefined)
  if (bastion) return bastion
  throw refused(
    'no_bastion',
    `not possible with this version: ${addon.name} is on the plan ${plan} and no bastion leads to it; ` +
      'other ways into its space (a dyno, mutual TLS, PrivateLink) are not built',
  )
}

/** `<NAME>_BASTIONS` is a list of hosts that all take the key in `<NAME>_BASTION_KEY`. */
async function bastionInConfig(heroku: Heroku, {id}: Addon): Promise<Bastion | undefined> {
  for (const {app, name} of await heroku.attachments(id)) {
    const config = await heroku.configVars(app)
    const hosts = config[`${name}_BASTIONS`]?.reveal().split(',').filter(Boolean) ?? []
    const host = hosts[Math.floor(Math.random() * hosts.length)]
    const privateKey = config[`${name}_BASTION_KEY`]
    if (host && privateKey) return {host, privateKey}
  }
  return undefined
}
