import {fenceState} from '../fence/fence.js'
import {readMigration} from '../journal/journal.js'
import type {Options} from '../open/options.js'
import {openEither} from '../open/world.js'
import {messageOf, RdsError, refused} from '../ports/errors.js'
import type {Operator} from '../ports/ports.js'
import {takeOffSource, takeOffTarget} from '../runbook/take-off.js'

export interface Leftovers extends Options {
  signal: AbortSignal
  operator: Operator
  /** The app runs on the target: a source that is frozen is as it should be. */
  live: boolean
}

/**
 * Takes everything off the side that is there when the other is gone: an add-on that was destroyed, an instance that was deleted.
 * Returns which sides were cleared; none when both are there, and the migration itself has to be ended.
 */
export async function clearWhatIsLeft(options: Leftovers): Promise<('source' | 'target')[]> {
  return openEither(options, async ({source, target, clock}) => {
    if (source.db && target.db) return []
    for (const {trouble} of [source, target]) if (trouble) options.operator.tell(messageOf(trouble))
    const patience = {clock, signal: options.signal}
    if (source.db) {
      if (!options.live && (await fenceState(source.db)) === 'raised') {
        throw refused(
          'frozen',
          `the source of ${options.app} is frozen, and the target with the journal cannot be reached`,
          'bring the target back and run heroku rds:rollback',
        )
      }
      await takeOffSource(source.db, patience)
      return ['source']
    }
    if (!target.db)
      throw source.trouble ?? target.trouble ?? new RdsError(1, 'nothing_left', 'neither database is there')
    if (await readMigration(target.db)) await takeOffTarget(target.db, patience)
    return ['target']
  })
}
