import type {AppBefore, AppWorld} from './app.js'
import {requireRelease, endedRelease} from './releases.js'
import {configForTarget} from './target-url.js'
import {Secret} from '../ports/secret.js'

async function attachedNames({heroku, addon}: AppWorld, app: AppBefore): Promise<Map<string, string | null>> {
  const attachments = (await heroku.attachments(addon.id)).filter((attachment) => attachment.app === app.name)
  return new Map(attachments.map(({name, namespace}) => [name, namespace]))
}

/** Whether the app reads the target's URL, on a release that succeeded. */
export async function isSwitched(world: AppWorld, app: AppBefore): Promise<boolean> {
  const attached = await attachedNames(world, app)
  if (app.moving.some((name) => attached.has(name))) return false
  const config = await world.heroku.configVars(app.name)
  const release = await world.heroku.latestRelease(app.name)
  const wanted = configForTarget(app, world.targetUrl, world.settings.caFile)
  const set = Object.entries(wanted).every(([name, value]) => config[name]?.reveal() === value.reveal())
  return set && release.status === 'succeeded'
}

export async function switchApp(world: AppWorld, app: AppBefore): Promise<string> {
  const {heroku, addon, targetUrl, settings} = world
  if (app.moving.length === 0) return `${app.name}: nothing to switch`
  const attached = await attachedNames(world, app)
  const kept = [...attached].some(([name, namespace]) => namespace === null && !app.moving.includes(name))
  if (!kept) await heroku.attach({app: app.name, name: app.keptAs, namespace: null}, addon.name)
  for (const name of app.moving.filter((moving) => attached.has(moving))) await heroku.detach({app: app.name, name})
  const config = configForTarget(app, targetUrl, settings.caFile)
  await heroku.setConfigVars(app.name, config)
  return `${app.name}: v${await requireRelease(world, app)} sets ${Object.keys(config).join(', ')}`
}

export async function switchBack(world: AppWorld, app: AppBefore): Promise<void> {
  const {heroku, addon} = world
  const attached = await attachedNames(world, app)
  const config = await heroku.configVars(app.name)
  const missing = app.attachments.filter(({name}) => !attached.has(name))

  const plainUrls = missing.flatMap(({configVars}) => configVars).filter((name) => name in config)
  const companions = Object.entries(app.companions).filter(
    ([name, {before, after}]) => before !== after && config[name]?.reveal() === after,
  )
  const patch: Record<string, Secret | null> = {
    ...Object.fromEntries(plainUrls.map((name) => [name, null])),
    ...Object.fromEntries(companions.map(([name, {before}]) => [name, before === null ? null : new Secret(before)])),
  }
  if (Object.keys(patch).length > 0) await heroku.setConfigVars(app.name, patch)
  for (const {name, namespace} of missing) await heroku.attach({app: app.name, name, namespace}, addon.name)
  const wasThere = app.attachments.some(({name}) => name === app.keptAs)
  if (!wasThere && attached.has(app.keptAs)) await heroku.detach({app: app.name, name: app.keptAs})
  await endedRelease(world, app)
}
