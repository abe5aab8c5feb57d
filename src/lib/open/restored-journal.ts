import type {Claimed} from '../fence/claim.js'
import {inWindow} from '../journal/in-window.js'
import {leaveNote, type Notes} from '../journal/notes.js'
import {refused} from '../ports/errors.js'
import type {Journal} from '../ports/ports.js'
import {enterMaintenance} from '../runbook/steps/enter-maintenance.js'
import {freezeSource} from '../runbook/steps/freeze-source.js'
import {stopWriters} from '../runbook/steps/stop-writers.js'
import {switchApps} from '../runbook/steps/switch-apps.js'

/** What a window does to the source and the apps. */
const OUTSIDE = [enterMaintenance, stopWriters, freezeSource, switchApps]

/**
 * A target that was restored to an earlier state has a journal that knows nothing of the window. The source does: what is to be undone is
 * written into the journal again. Refuses where the app has gone live meanwhile: what it wrote since is not on that target.
 */
export async function takeUpWindow(
  journal: Journal,
  {window}: Pick<Claimed, 'window'>,
  {app, place}: {app: string; place: string},
): Promise<void> {
  if (!window || (await inWindow({journal}))) return
  const {apps, frozen, opened} = window as Partial<Notes>
  if (opened) {
    throw refused(
      'target_restored',
      `${app} went live on ${place} at ${opened.at}, and its journal there is older: the target was restored to an earlier state`,
      'restore it to a later moment: what the app has written since is not on it',
    )
  }
  if (apps) await leaveNote({journal}, 'apps', apps)
  if (frozen) await leaveNote({journal}, 'frozen', frozen)
  await leaveNote({journal}, 'restored', true)
  for (const {id} of OUTSIDE) await journal.started(id)
}
