import {refused} from '../ports/errors.js'
import type {Method} from '../methods/method.js'
import {preparationFor} from '../playbook.js'
import {refuseWindow} from '../journal/in-window.js'
import type {OpenMigration} from '../open/migration.js'
import {run} from '../runbook/run.js'

/**
 * Everything that can be done before the window, until the copy follows; with `takeIn`, what changed in the source's schema is taken
 * in. Returns what keeps it in step from then on. Refused in the window and after it, and where the method cannot do what is asked.
 */
export async function prepareToFollow(
  migration: OpenMigration,
  {takeIn}: {takeIn: boolean},
): Promise<NonNullable<Method['follow']>> {
  const {app, method} = migration
  await refuseWindow(migration)
  if (!method.follow) {
    throw refused('other_method', `a move by ${method.id} is under way`, `heroku rds:rollback -a ${app} ends it first`)
  }
  if (takeIn && !method.takeIn) {
    throw refused(
      'cannot_take_in',
      `${method.title} takes no change of the schema in`,
      `heroku rds:start -a ${app} --abandon, then start anew`,
    )
  }
  await run(preparationFor(method, takeIn ? {takeIn: method.takeIn} : {}), migration)
  return method.follow
}
