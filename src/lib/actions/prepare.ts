import {refused} from '../ports/errors.js'
import type {Follow, Method} from '../methods/method.js'
import {preparationFor} from '../playbook.js'
import {refuseWindow} from '../journal/in-window.js'
import type {OpenMigration, RunOptions} from '../open/migration.js'
import {withWorld} from '../open/world.js'
import {defaultFollowing, methodNamed} from '../methods/index.js'
import {phaseOf} from './phase.js'
import {run} from '../runbook/run.js'

/** What `rds:start` would go on with: the method under way, else the one that is asked for. Changes nothing. */
export async function methodToStart(options: RunOptions): Promise<Method> {
  return withWorld(options, async ({journal, record}) => {
    const phase = record && journal ? await phaseOf(methodNamed(record.method)!, journal) : 'not started'
    const free = phase === 'not started' || phase === 'rolled back'
    return methodNamed((free ? options.method : record?.method) ?? defaultFollowing.id)!
  })
}

/**
 * Everything that can be done before the window, until the copy follows; with `refreshSchema`, what changed in the source's schema is
 * taken over. Returns what keeps it in step from then on. Refused in the window and after it, and where the method cannot do it.
 */
export async function prepareToFollow(
  migration: OpenMigration,
  {refreshSchema}: {refreshSchema: boolean},
): Promise<Follow> {
  const {app, method} = migration
  await refuseWindow(migration)
  const {follow} = method
  if (!follow) {
    throw refused(
      'other_method',
      `a migration by ${method.id} is under way`,
      `heroku rds:rollback -a ${app} ends it first`,
    )
  }
  if (refreshSchema && !follow.refreshSchema) {
    throw refused(
      'cannot_refresh_schema',
      `${method.title.toLowerCase()} cannot follow schema changes`,
      `heroku rds:start -a ${app} --abandon, then heroku rds:start again`,
    )
  }
  await run(preparationFor(method, refreshSchema && follow.refreshSchema ? [follow.refreshSchema] : []), migration)
  return follow
}
