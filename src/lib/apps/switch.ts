import type {AppBefore, AppWorld} from './app.js'
import {endedRelease, requireRelease} from './releases.js'
import {isOwners, isSameNamespace} from './namespaces.js'
import {isOutside} from './outside-source.js'
import {ownerPartsNow} from './source-database.js'
import {isUrlOf, leadsTo, type SourceAddress, urlVarOf} from './source-vars.js'
import {configForTarget} from './target-url.js'
import {failed} from '../ports/errors.js'
import {attempt, ifKnown} from '../ports/fact.js'
import {Secret} from '../ports/secret.js'
import {connectionPartsOf, withPassword} from '../postgres/connection-url.js'

/** Moves every config var of the app that leads to the source; returns what the app now runs by. */
export async function switchApp(world: AppWorld, app: AppBefore): Promise<string> {
  const {heroku, addon, targetUrl, settings} = world
  const kept = app.keeping.length > 0 ? `; ${app.keeping.join(', ')} of ${app.name} stays on the frozen source` : ''
  if (app.moving.length === 0) return `${app.name}: nothing moves${kept}`
  const config = configForTarget(app, await heroku.configVars(app.name), targetUrl, settings.caFile)
  const attached = await attachedNames(world, app)
  const moving = movedAttachments(app)
  const stays = [...attached].some(([name, namespace]) => isOwners(namespace) && !moving.includes(name))
  if (moving.length > 0 && !stays) await heroku.attach({app: app.name, name: app.keptAs, namespace: null}, addon.name)
  for (const name of moving.filter((one) => attached.has(one))) await heroku.detach({app: app.name, name})
  await heroku.setConfigVars(app.name, config)
  const version = await requireRelease(world, app)
  const strays = await straysOf(world, app, version)
  if (strays.length > 0) throw notSwitched(app, strays)
  return `${app.name}: release v${version} leads ${app.moving.join(', ')} to ${world.target.place}${kept}`
}

/** Whether the app's dynos read the target's URL, by the release that they start on, and nothing else of it leads to the source. */
export async function isSwitched(world: AppWorld, app: AppBefore): Promise<boolean> {
  const {version, status} = await world.heroku.latestRelease(app.name)
  return status === 'succeeded' && (await straysOf(world, app, version)).length === 0
}

export const notSwitched = ({name}: AppBefore, strays: readonly string[] = []) =>
  failed(
    'not_switched',
    strays.length > 0
      ? `in the release of ${name} that the switch made, ${strays.join(', ')} does not lead to the target, or still leads to the source`
      : `${name} no longer reads the URL of the target`,
    `heroku config -a ${name} and heroku releases -a ${name} show what changed`,
  )

/** Config vars of a release that should lead to the target and do not, or lead to the source and should not. */
async function straysOf({heroku, targetUrl, sourceAddress, settings}: AppWorld, app: AppBefore, version: number) {
  const config = await heroku.releaseConfigVars(app.name, version)
  const wanted = configForTarget(app, config, targetUrl, settings.caFile)
  const other = Object.entries(wanted).filter(([name, value]) => config[name]?.reveal() !== value.reveal())
  const allowed = new Set([...app.moving, ...app.keeping, `${app.keptAs}_URL`])
  const back = Object.entries(config).filter(
    ([name, value]) => !allowed.has(name) && leadsTo(name, value, sourceAddress),
  )
  return [...other, ...back].map(([name]) => name)
}

async function attachedNames({heroku, addon}: AppWorld, app: AppBefore): Promise<Map<string, string | null>> {
  const attachments = (await heroku.attachments(addon.id)).filter((attachment) => attachment.app === app.name)
  return new Map(attachments.map(({name, namespace}) => [name, namespace]))
}

const movedAttachments = ({attachments, moving}: AppBefore): string[] =>
  attachments.filter((attachment) => moving.includes(urlVarOf(attachment))).map(({name}) => name)

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

interface Left {
  what: string
  patch: Record<string, Secret | null>
  /** Attachments that are missing, or have another namespace now. */
  missing: AppBefore['attachments']
  attached: Map<string, string | null>
}

/** What is not as it was; undefined when all is. */
async function leftOfSwitch(world: AppWorld, app: AppBefore): Promise<Left | undefined> {
  const {heroku} = world
  const [attached, config] = [await attachedNames(world, app), await heroku.configVars(app.name)]
  const missing = app.attachments.filter(({name, namespace}) => {
    const now = attached.get(name)
    return now === undefined || !isSameNamespace(now, namespace)
  })
  const setByAttachments = app.attachments.map(urlVarOf)
  const own = app.moving.filter((name) => !setByAttachments.includes(name))
  const before = own.length > 0 ? await heroku.releaseConfigVars(app.name, app.release) : {}
  const today = own.length > 0 ? await addressToday(world, app) : world.sourceAddress

  const inTheWay = missing.filter(({name}) => !attached.has(name)).map(urlVarOf)
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
  const kept = attached.has(app.keptAs) && !app.attachments.some(({name}) => name === app.keptAs)
  const what = [...Object.keys(patch), ...missing.map(({name}) => name), ...(kept ? [app.keptAs] : [])]
  return what.length > 0 ? {what: what.join(', '), patch, missing, attached} : undefined
}

async function restore({heroku, addon}: AppWorld, app: AppBefore, {patch, missing, attached}: Left): Promise<void> {
  if (Object.keys(patch).length > 0) await heroku.setConfigVars(app.name, patch)
  for (const {name, namespace} of missing) {
    if (attached.has(name)) await heroku.detach({app: app.name, name})
    await heroku.attach({app: app.name, name, namespace}, addon.name)
  }
  const wasThere = app.attachments.some(({name}) => name === app.keptAs)
  if (!wasThere) await heroku.detach({app: app.name, name: app.keptAs})
}

/** Credentials can be rotated at any time, in the window too. */
async function addressToday({heroku, addon, sourceAddress}: AppWorld, {name}: AppBefore): Promise<SourceAddress> {
  if (isOutside(addon)) return sourceAddress
  return ifKnown(await attempt(() => ownerPartsNow(heroku, name, addon))) ?? sourceAddress
}

/** A copy of the owner's URL, with the password of today: an old one opens nothing. */
const withPasswordOf = (address: SourceAddress, url: Secret): Secret =>
  isUrlOf(url, address) && connectionPartsOf(url)!.user === address.user ? withPassword(url, address.password) : url
