import {Secret} from '../../secret.js'
import type {Migration} from '../migration.js'
import {type AppBefore, requireNote} from '../notes.js'
import type {Step} from '../step.js'
import {configForTarget} from '../target-url.js'
import {requireRelease, settledRelease} from '../releases.js'

/** Moves the config vars of every app: add-on kept under another name, its attachment detached, the URL of the target set. */
export const switchApps: Step = {
  id: 'switch-apps',
  title: 'Switch DATABASE_URL',
  window: 'inside',

  async undo(migration) {
    await Promise.all((await requireNote(migration, 'apps')).map((app) => switchBack(migration, app)))
  },

  async done(migration) {
    const apps = await requireNote(migration, 'apps')
    return (await Promise.all(apps.map((app) => isSwitched(migration, app)))).every(Boolean)
  },

  async run(migration) {
    const apps = await requireNote(migration, 'apps')
    const releases = await Promise.all(apps.map((app) => switchApp(migration, app)))
    return releases.join('; ')
  },
}

async function attachedNames({heroku, addon}: Migration, app: AppBefore): Promise<Map<string, string | null>> {
  const attachments = (await heroku.attachments(addon.id)).filter((attachment) => attachment.app === app.name)
  return new Map(attachments.map(({name, namespace}) => [name, namespace]))
}

/** Whether the app reads the target's URL, on a release that succeeded. */
export async function isSwitched(migration: Migration, app: AppBefore): Promise<boolean> {
  const attached = await attachedNames(migration, app)
  if (app.moving.some((name) => attached.has(name))) return false
  const config = await migration.heroku.configVars(app.name)
  const release = await migration.heroku.latestRelease(app.name)
  const wanted = configForTarget(app, migration.targetUrl, migration.settings.caFile)
  const set = Object.entries(wanted).every(([name, value]) => config[name]?.reveal() === value.reveal())
  return set && release.status === 'succeeded'
}

async function switchApp(migration: Migration, app: AppBefore): Promise<string> {
  const {heroku, addon, targetUrl, settings} = migration
  if (app.moving.length === 0) return `${app.name}: nothing to switch`
  const attached = await attachedNames(migration, app)
  const kept = [...attached].some(([name, namespace]) => namespace === null && !app.moving.includes(name))
  if (!kept) await heroku.attach({app: app.name, name: app.keptAs, namespace: null}, addon.name)
  for (const name of app.moving.filter((moving) => attached.has(moving))) await heroku.detach({app: app.name, name})
  const config = configForTarget(app, targetUrl, settings.caFile)
  await heroku.setConfigVars(app.name, config)
  return `${app.name}: v${await requireRelease(migration, app)} sets ${Object.keys(config).join(', ')}`
}

async function switchBack(migration: Migration, app: AppBefore): Promise<void> {
  const {heroku, addon} = migration
  const attached = await attachedNames(migration, app)
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
  await settledRelease(migration, app)
}
