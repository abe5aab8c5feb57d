import {type AppBefore, type AppWorld, HEROKU_PAUSES} from './app.js'
import {waitFor} from '../flow/wait.js'
import {messageOf} from '../ports/errors.js'
import type {Autoscaler, Dyno, Process} from '../ports/ports.js'
import {codeOf} from '../postgres/sqlstate.js'

/** Heroku kills a dyno 30 s after asking it to stop. */
const STOP_SECONDS = 90

const START_SECONDS = 120

/** In a Private Space the maintenance page is served beside the web dynos: they stay, and the fence holds them. */
const stays = (app: AppBefore, type: string): boolean => app.privateSpace && type === 'web'

const mustGo = (app: AppBefore, dynos: readonly Dyno[]): Dyno[] => dynos.filter((dyno) => !stays(app, dyno.type))

export async function isStopped({heroku}: AppWorld, app: AppBefore): Promise<boolean> {
  const formation = await heroku.formation(app.name)
  if (formation.some(({type, quantity}) => quantity > 0 && !stays(app, type))) return false
  if (app.preboot && (await heroku.preboot(app.name))) return false
  return mustGo(app, await heroku.dynos(app.name)).length === 0
}

/** Stops all that may write in one app; returns what it did in words. */
export async function stopApp(world: AppWorld, app: AppBefore): Promise<string> {
  const {heroku} = world
  if (app.preboot) await heroku.setPreboot(app.name, false)
  const formation = await heroku.formation(app.name)
  const running = formation.filter(({type, quantity}) => quantity > 0 && !stays(app, type))
  if (running.length > 0)
    await heroku.scale(
      app.name,
      running.map(({type}) => ({type, quantity: 0})),
    )

  const scaled = new Set(formation.map(({type}) => type))
  const oneOffs = new Set<string>()
  const wait = {
    what: `the dynos of ${app.name} to stop`,
    seconds: STOP_SECONDS,
    pauses: HEROKU_PAUSES,
    suggestion: `heroku ps -a ${app.name} shows them`,
  }
  await waitFor(world, wait, async () => {
    const left = mustGo(app, await heroku.dynos(app.name))
    for (const dyno of left.filter(({type, name}) => !scaled.has(type) && !oneOffs.has(name))) {
      oneOffs.add(dyno.name)
      await heroku.stopDyno(app.name, dyno)
    }
    return left.length === 0 || undefined
  })
  const types = running.map(({type, quantity}) => `${type} ${quantity} → 0`)
  const kept = formation.some(({type, quantity}) => quantity > 0 && stays(app, type))
    ? ['web stays up for the maintenance page']
    : []
  const ended = oneOffs.size > 0 ? [`ended ${[...oneOffs].join(', ')}`] : []
  return `${app.name}: ${[...types, ...kept, ...ended].join(', ') || 'nothing was running'}`
}

/**
 * Puts formation and preboot back as they were, and waits for the dynos of every type that was up before to be up on the
 * newest release. An app whose dynos do not come up is shown all the same: hiding it for longer does not help.
 */
export async function startWriters(world: AppWorld, app: AppBefore): Promise<void> {
  const {heroku, operator} = world
  const {version} = await heroku.latestRelease(app.name)
  const changed = await changedProcesses(world, app)
  if (changed.length > 0) await heroku.scale(app.name, changed)
  if (app.preboot) await heroku.setPreboot(app.name, true)
  for (const autoscaler of app.autoscalers) await startAutoscaler(world, app, autoscaler)

  const wanted = app.formation.filter(({type, quantity}) => quantity > 0 && app.upBefore.includes(type))
  const wait = {what: `the dynos of ${app.name} to start`, seconds: START_SECONDS, pauses: HEROKU_PAUSES}
  try {
    await waitFor(world, wait, async () => {
      const dynos = (await heroku.dynos(app.name)).filter(({state, release}) => state === 'up' && release >= version)
      const up = (wantedType: string) => dynos.filter(({type}) => type === wantedType).length
      return wanted.every(({type, quantity}) => up(type) >= quantity) || undefined
    })
  } catch (error) {
    if (codeOf(error) !== 'deadline') throw error
    operator.tell(`warning: ${messageOf(error)}; heroku ps -a ${app.name} and heroku logs -a ${app.name} show why`)
  }
}

/** An app that is not scaled by itself for a while is better than one that stays closed. */
async function startAutoscaler({heroku, operator}: AppWorld, {name}: AppBefore, autoscaler: Autoscaler): Promise<void> {
  try {
    await heroku.startAutoscaler(name, autoscaler)
  } catch (error) {
    const {type, min, max} = autoscaler
    operator.tell(
      `warning: autoscaling of ${type} on ${name} could not be switched on again (${messageOf(error)}); it was between ${min} and ${max} dynos`,
    )
  }
}

/** Process types whose quantity is not what it was. */
export async function changedProcesses({heroku}: AppWorld, app: AppBefore): Promise<Process[]> {
  const now = new Map((await heroku.formation(app.name)).map(({type, quantity}) => [type, quantity]))
  return app.formation.filter(({type, quantity}) => now.has(type) && now.get(type) !== quantity)
}
