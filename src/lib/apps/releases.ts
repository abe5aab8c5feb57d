import {type AppBefore, type AppWorld, HEROKU_PAUSES} from './app.js'
import {failed} from '../ports/errors.js'
import {Secret} from '../ports/secret.js'
import {waitFor} from '../flow/wait.js'

/** Heroku allows a release phase one hour; `pg:promote` waits 15 minutes. */
const RELEASE_SECONDS = 15 * 60
/** Set and removed again to make a release where nothing else has to change. */
const NUDGE = 'HEROKU_RDS_RELEASE'

/** Heroku lists the release phase as a process type (Dev Center, "Release phase"). */
export const hasReleasePhase = ({formation}: Pick<AppBefore, 'formation'>): boolean =>
  formation.some(({type}) => type === 'release')

/** The newest release once its release phase has ended, well or badly. */
export const endedRelease = (world: AppWorld, app: {name: string}) =>
  waitFor(
    world,
    {
      what: `the release of ${app.name} to end`,
      seconds: RELEASE_SECONDS,
      pauses: HEROKU_PAUSES,
      suggestion: `heroku releases -a ${app.name}`,
    },
    async () => {
      const release = await world.heroku.latestRelease(app.name)
      return release.status === 'pending' ? undefined : release
    },
  )

/** Fails unless the newest release succeeded: dynos of a failed one would start with the config before it. */
export async function requireRelease(world: AppWorld, app: {name: string}): Promise<number> {
  const {version, status, description} = await endedRelease(world, app)
  if (status === 'succeeded') return version
  throw failed(
    'release_failed',
    `${app.name}: release v${version} (${description}) ${status}`,
    `heroku releases:output v${version} -a ${app.name} shows its release phase`,
  )
}

/** On the way back a release phase may have failed because the source was still frozen: tries once more now that it is not. */
export async function ensureReleased(world: AppWorld, app: {name: string}): Promise<void> {
  if ((await endedRelease(world, app)).status === 'succeeded') return
  await world.heroku.setConfigVars(app.name, {[NUDGE]: new Secret('1')})
  await endedRelease(world, app)
  await world.heroku.setConfigVars(app.name, {[NUDGE]: null})
  await requireRelease(world, app)
}
