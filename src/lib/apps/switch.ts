import type {AppBefore, AppWorld} from './app.js'
import {hasReleasePhase, requireRelease} from './releases.js'
import {isOwners} from './namespaces.js'
import {leadsTo, urlVarOf} from './source-vars.js'
import {configForTarget} from './target-url.js'
import {allEnded} from '../flow/all-ended.js'
import {failed} from '../ports/errors.js'
import {attempt, ifKnown} from '../ports/fact.js'
import type {Attachment} from '../ports/ports.js'
import type {Secret} from '../ports/secret.js'

/**
 * Moves every config var of the app that leads to the source; returns what the app's config vars now say. A release phase is waited for
 * here; a release without one has ended by the time the gate asks for it.
 */
export async function switchApp(world: AppWorld, app: AppBefore): Promise<string> {
  const {heroku, addon, targetUrl, settings} = world
  if (app.moving.length === 0) return `${app.name}: nothing moves${keptOn(app)}`
  const keep = () => heroku.attach({app: app.name, name: app.keptAs, namespace: null}, addon.name)
  const early = wouldLeaveNone(app, app.attachments)
  const [attached, config] = await allEnded([
    attachedNow(world, app),
    heroku.configVars(app.name),
    early ? keep() : undefined,
  ])
  if (!early && wouldLeaveNone(app, attached)) await keep()
  const moved = movedAttachments(app)
  for (const attachment of attached.filter(({name}) => moved.includes(name))) await heroku.detach(attachment)
  const patch = configForTarget(app, config, targetUrl, settings.caFile)
  const strays = straysOf(world, app, await heroku.setConfigVars(app.name, patch))
  if (strays.length > 0) throw notSwitched(app, strays)
  if (hasReleasePhase(app)) await requireRelease(world, app)
  return `${app.name}: ${app.moving.join(', ')} set to ${world.target.place}${keptOn(app)}`
}

/** Whether the app's dynos read the target's URL, by the release that they start on, and nothing else of it leads to the source. */
export async function isSwitched(world: AppWorld, app: AppBefore): Promise<boolean> {
  const [{version, status}, guess] = await allEnded([world.heroku.latestRelease(app.name), releaseOfSwitch(world, app)])
  return status !== 'failed' && straysOf(world, app, await configOf(world, app, version, guess)).length === 0
}

/** The same, once that release has ended: fails unless it is so. Returns which release it is and where it leads. */
export async function requireSwitched(world: AppWorld, app: AppBefore): Promise<string> {
  const [version, guess] = await allEnded([requireRelease(world, app), releaseOfSwitch(world, app)])
  const strays = straysOf(world, app, await configOf(world, app, version, guess))
  if (strays.length > 0) throw notSwitched(app, strays, version)
  const leads = app.moving.length > 0 ? ` leads ${app.moving.join(', ')} to ${world.target.place}` : ': nothing moved'
  return `${app.name}: release v${version}${leads}${keptOn(app)}`
}

const keptOn = ({name, keeping}: AppBefore): string =>
  keeping.length > 0 ? `; ${keeping.join(', ')} of ${name} stays on the frozen source` : ''

const notSwitched = ({name}: AppBefore, strays: readonly string[], version?: number) =>
  failed(
    'not_switched',
    `in ${version === undefined ? 'the release' : `release v${version}`} of ${name}, ${strays.join(', ')} does not lead to the target, or still leads to the source`,
    `heroku config -a ${name} and heroku releases -a ${name} show what changed`,
  )

interface Release {
  version: number
  config: Record<string, Secret>
}

/**
 * The release that the newest one is after a switch, if nobody else has made one since the preflight: each attachment that comes or goes and
 * the config vars make one. It is asked for beside the newest one's number, which decides whether it counts.
 */
async function releaseOfSwitch({heroku}: AppWorld, app: AppBefore): Promise<Release | undefined> {
  const kept = wouldLeaveNone(app, app.attachments) ? 1 : 0
  const version = app.release + (app.moving.length > 0 ? kept + movedAttachments(app).length + 1 : 0)
  const config = ifKnown(await attempt(() => heroku.releaseConfigVars(app.name, version)))
  return config && {version, config}
}

const configOf = ({heroku}: AppWorld, {name}: AppBefore, version: number, guess: Release | undefined) =>
  guess?.version === version ? guess.config : heroku.releaseConfigVars(name, version)

/** Config vars that should lead to the target and do not, or lead to the source and should not. */
function straysOf({targetUrl, sourceAddress, settings}: AppWorld, app: AppBefore, config: Record<string, Secret>) {
  const wanted = configForTarget(app, config, targetUrl, settings.caFile)
  const other = Object.entries(wanted).filter(([name, value]) => config[name]?.reveal() !== value.reveal())
  const allowed = new Set([...app.moving, ...app.keeping, `${app.keptAs}_URL`])
  const back = Object.entries(config).filter(
    ([name, value]) => !allowed.has(name) && leadsTo(name, value, sourceAddress),
  )
  return [...other, ...back].map(([name]) => name)
}

/** The source's attachments on the app. */
export const attachedNow = async ({heroku, addon}: AppWorld, {name}: AppBefore): Promise<Attachment[]> =>
  (await heroku.databases(name)).filter((attachment) => attachment.addon.id === addon.id)

const movedAttachments = ({attachments, moving}: AppBefore): string[] =>
  attachments.filter((attachment) => moving.includes(urlVarOf(attachment))).map(({name}) => name)

/** Heroku does not take the last attachment off the app that pays for the add-on; and the way back wants one everywhere. */
function wouldLeaveNone(app: AppBefore, attachments: readonly Pick<Attachment, 'name' | 'namespace'>[]): boolean {
  const moved = movedAttachments(app)
  return moved.length > 0 && !attachments.some(({name, namespace}) => isOwners(namespace) && !moved.includes(name))
}
