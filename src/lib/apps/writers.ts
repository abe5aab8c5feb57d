import {type AppBefore, type AppWorld, HEROKU_PAUSES} from './app.js'
import {allEnded} from '../flow/all-ended.js'
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

/** Process types that have dynos which the window stops. */
export const runningOf = (app: AppBefore, formation: readonly Process[]): Process[] =>
  formation.filter(({type, quantity}) => quantity > 0 && !stays(app, type))

export async function isStopped({heroku}: AppWorld, app: AppBefore): Promise<boolean> {
  const [formation, preboot, dynos] = await allEnded([
    heroku.formation(app.name),
    app.preboot ? heroku.preboot(app.name) : false,
    heroku.dynos(app.name),
  ])
  return runningOf(app, formation).length === 0 && !preboot && mustGo(app, dynos).length === 0
}

/**
 * Stops all that may write in one app; returns what it did in words. What ran at the preflight is scaled to 0 at once; what the formation
 * shows then, besides, after it.
 */
export async function stopApp(world: AppWorld, app: AppBefore): Promise<string> {
  const {heroku} = world
  const known = runningOf(app, app.formation)
  const [scaled] = await allEnded([
    scaleKnown(world, app, toZero(known)),
    app.preboot ? heroku.setPreboot(app.name, false) : undefined,
  ])
  const ended = new Map(scaled ? known.map(({type, quantity}) => [type, quantity]) : [])
  const oneOffs = new Set<string>()
  const formed = new Set(app.formation.map(({type}) => type))
  let atZero = false
  const wait = {
    what: `the dynos of ${app.name} to stop`,
    seconds: STOP_SECONDS,
    pauses: HEROKU_PAUSES,
    suggestion: `heroku ps -a ${app.name} shows them`,
  }
  await waitFor(world, wait, async () => {
    const [dynos, formation] = await allEnded([heroku.dynos(app.name), atZero ? [] : heroku.formation(app.name)])
    const running = runningOf(app, formation)
    if (running.length > 0) await heroku.scale(app.name, toZero(running))
    for (const {type, quantity} of running) ended.set(type, quantity)
    for (const {type} of formation) formed.add(type)
    atZero ||= running.length === 0

    const left = mustGo(app, dynos)
    const others = left.filter(({type, name}) => !formed.has(type) && !oneOffs.has(name))
    for (const {name} of others) oneOffs.add(name)
    await allEnded(others.map((dyno) => heroku.stopDyno(app.name, dyno)))
    return (atZero && left.length === 0) || undefined
  })
  const did = [
    ...[...ended].map(([type, quantity]) => `${type} ${quantity} → 0`),
    ...(app.formation.some(({type, quantity}) => quantity > 0 && stays(app, type))
      ? ['web stays up for the maintenance page']
      : []),
    ...(oneOffs.size > 0 ? [`ended ${[...oneOffs].join(', ')}`] : []),
  ]
  return `${app.name}: ${did.join(', ') || 'nothing was running'}`
}

const toZero = (processes: readonly Process[]) => processes.map(({type}) => ({type, quantity: 0}))

/** Scales process types as the preflight knew them; false where one of them is no more, and nothing was scaled. */
async function scaleKnown(
  {heroku}: AppWorld,
  {name}: AppBefore,
  processes: readonly Pick<Process, 'quantity' | 'type'>[],
): Promise<boolean> {
  if (processes.length === 0) return true
  try {
    await heroku.scale(name, processes)
    return true
  } catch (error) {
    if (codeOf(error) !== 'not_found') throw error
    return false
  }
}

/**
 * Puts formation and preboot back as they were, and waits for the dynos of every type that was up before to be up on the
 * newest release. An app whose dynos do not come up is shown all the same: hiding it for longer does not help.
 * `meanwhile`: the app may have been opened before, and scaled by others since: then only what is at 0 is put back.
 */
export async function startWriters(world: AppWorld, app: AppBefore, {meanwhile}: {meanwhile: boolean}): Promise<void> {
  const {heroku, operator} = world
  const [{version}] = await allEnded([
    heroku.latestRelease(app.name),
    scaleBack(world, app, {meanwhile}),
    app.preboot ? heroku.setPreboot(app.name, true) : undefined,
  ])
  const wanted = app.formation.filter(({type, quantity}) => quantity > 0 && app.upBefore.includes(type))
  const wait = {what: `the dynos of ${app.name} to start`, seconds: START_SECONDS, pauses: HEROKU_PAUSES}
  const allUp = async () => {
    const dynos = (await heroku.dynos(app.name)).filter(({state, release}) => state === 'up' && release >= version)
    const up = (wantedType: string) => dynos.filter(({type}) => type === wantedType).length
    return wanted.every(({type, quantity}) => up(type) >= quantity) || undefined
  }
  try {
    await allEnded([
      ...app.autoscalers.map((autoscaler) => startAutoscaler(world, app, autoscaler)),
      waitFor(world, wait, allUp),
    ])
  } catch (error) {
    if (codeOf(error) !== 'deadline') throw error
    operator.tell(`warning: ${messageOf(error)}; heroku ps -a ${app.name} and heroku logs -a ${app.name} show why`)
  }
}

async function scaleBack(world: AppWorld, app: AppBefore, {meanwhile}: {meanwhile: boolean}): Promise<void> {
  if (!meanwhile && (await scaleKnown(world, app, runningOf(app, app.formation)))) return
  const left = stillStopped(app, await world.heroku.formation(app.name))
  if (left.length > 0) await world.heroku.scale(app.name, left)
}

/** An app that is not scaled by itself for a while is better than one that stays closed. */
async function startAutoscaler(
  {heroku, operator}: AppWorld,
  {id, name}: AppBefore,
  autoscaler: Autoscaler,
): Promise<void> {
  try {
    await heroku.startAutoscaler(id, autoscaler)
  } catch (error) {
    const {type, min, max} = autoscaler
    operator.tell(
      `warning: autoscaling of ${type} on ${name} could not be switched on again (${messageOf(error)}); it was between ${min} and ${max} dynos`,
    )
  }
}

/** Process types that the window has stopped and that have no dyno now, as they were; what runs in another quantity, somebody has scaled since. */
export const stillStopped = (app: AppBefore, formation: readonly Process[]): Process[] => {
  const now = new Map(formation.map(({type, quantity}) => [type, quantity]))
  return runningOf(app, app.formation).filter(({type}) => now.get(type) === 0)
}
