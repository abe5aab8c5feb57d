import type {AppBefore, AppWorld} from './app.js'
import {isSameNamespace} from './namespaces.js'
import {isOutside} from './outside-source.js'
import {endedRelease} from './releases.js'
import {ownerPartsNow} from './source-database.js'
import {isUrlOf, type SourceAddress, urlVarOf} from './source-vars.js'
import {attachedNow} from './switch.js'
import {allEnded} from '../flow/all-ended.js'
import {failed} from '../ports/errors.js'
import {attempt, ifKnown} from '../ports/fact.js'
import type {Attachment} from '../ports/ports.js'
import {Secret} from '../ports/secret.js'
import {connectionPartsOf, withPassword} from '../postgres/connection-url.js'

/** A request whose answer was lost may take effect late: what was put back is looked at, and put back again. */
const TRIES = 3

/** Puts every attachment and config var back as it was, after any part of the switch. */
export async function switchBack(world: AppWorld, app: AppBefore): Promise<void> {
  for (let tries = 1; ; tries++) {
    const left = await leftOfSwitch(world, app)
    if (!left) break
    if (tries > TRIES) {
      throw failed(
        'not_restored',
        `${left.what} of ${app.name} did not stay as it was before the window`,
        `heroku config -a ${app.name} shows it; run heroku rds:rollback -a ${app.name} again`,
      )
    }
    await restore(world, app, left)
  }
  await endedRelease(world, app)
}

const NONE: Record<string, Secret> = {}

interface Left {
  what: string
  patch: Record<string, Secret | null>
  /** Attachments that are missing, each with one of another namespace that has its name now. */
  missing: (AppBefore['attachments'][number] & {inItsPlace: Attachment | undefined})[]
  /** The attachment that the switch has made. */
  kept: Attachment | undefined
}

/** What is not as it was; undefined when all is. */
async function leftOfSwitch(world: AppWorld, app: AppBefore): Promise<Left | undefined> {
  const {heroku} = world
  const setByAttachments = app.attachments.map(urlVarOf)
  const own = app.moving.filter((name) => !setByAttachments.includes(name))
  const [attached, config, before, today] = await allEnded([
    attachedNow(world, app),
    heroku.configVars(app.name),
    own.length > 0 ? heroku.releaseConfigVars(app.name, app.release) : NONE,
    own.length > 0 ? addressToday(world, app) : world.sourceAddress,
  ])
  const nowAs = (name: string) => attached.find((attachment) => attachment.name === name)
  const missing = app.attachments
    .map((attachment) => ({...attachment, inItsPlace: nowAs(attachment.name)}))
    .filter(({namespace, inItsPlace}) => !inItsPlace || !isSameNamespace(inItsPlace.namespace, namespace))
  const inTheWay = missing.filter(({inItsPlace}) => !inItsPlace).map(urlVarOf)
  const patch: Record<string, Secret | null> = Object.fromEntries([
    ...inTheWay.filter((name) => name in config).map((name) => [name, null] as const),
    ...own.flatMap((name) => {
      const was = before[name] && withPasswordOf(today, before[name])
      return was && was.reveal() !== config[name]?.reveal() ? [[name, was] as const] : []
    }),
    ...Object.entries(app.companions)
      .filter(([name, {before: was, after}]) => was !== after && config[name]?.reveal() === after)
      .map(([name, {before: was}]) => [name, was === null ? null : new Secret(was)] as const),
  ])
  const kept = app.attachments.some(({name}) => name === app.keptAs) ? undefined : nowAs(app.keptAs)
  const what = [...Object.keys(patch), ...missing.map(({name}) => name), ...(kept ? [app.keptAs] : [])]
  return what.length > 0 ? {what: what.join(', '), patch, missing, kept} : undefined
}

/** The add-on's last attachment on an app cannot be taken off: what is missing comes before the kept name goes. */
async function restore({heroku, addon}: AppWorld, app: AppBefore, {patch, missing, kept}: Left): Promise<void> {
  if (Object.keys(patch).length > 0) await heroku.setConfigVars(app.name, patch)
  for (const {name, namespace, inItsPlace} of missing) {
    if (inItsPlace) await heroku.detach(inItsPlace)
    await heroku.attach({app: app.name, name, namespace}, addon.name)
  }
  if (kept) await heroku.detach(kept)
}

/** Credentials can be rotated at any time, in the window too. */
async function addressToday({heroku, addon, sourceAddress}: AppWorld, {name}: AppBefore): Promise<SourceAddress> {
  if (isOutside(addon)) return sourceAddress
  return ifKnown(await attempt(() => ownerPartsNow(heroku, name, addon))) ?? sourceAddress
}

/** A copy of the owner's URL, with the password of today: an old one opens nothing. */
const withPasswordOf = (address: SourceAddress, url: Secret): Secret =>
  isUrlOf(url, address) && connectionPartsOf(url)!.user === address.user ? withPassword(url, address.password) : url
