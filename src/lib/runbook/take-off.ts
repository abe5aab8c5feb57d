import {removeCapture} from '../capture/install.js'
import {forgetSyncs} from '../capture/touched.js'
import {OWN_SCHEMA} from '../postgres/catalog.js'
import {removeReplication} from '../replication/remove.js'
import {dropClaim} from '../fence/claim.js'
import {removeFence} from '../fence/fence.js'
import type {Patience} from '../postgres/table-lock.js'
import type {Database} from '../ports/ports.js'
import {stopWatching} from '../fence/landed-writes.js'

/** Takes every object of the tool's off the source; repeatable. Whether it takes writes is left to its read-only default. */
export async function takeOffSource(source: Database, patience: Patience): Promise<void> {
  await takeOffAllButFence(source, patience)
  await removeFence(source, patience)
  await dropClaim(source)
}

/** The same, but for the fence, which stays as it is. */
export async function takeOffAllButFence(source: Database, patience: Patience): Promise<void> {
  await removeCapture(source, patience, '')
  await removeReplication({source, ...patience})
}

/** Takes everything but the journal off the target; repeatable. */
export async function takeOffTarget(target: Database, patience: Patience): Promise<void> {
  await removeReplication({target, ...patience})
  await stopWatching(target, patience)
  await removeFence(target, patience)
  const journal = await target.queryOne<{there: boolean}>(
    `select to_regclass('${OWN_SCHEMA}.sync_units') is not null as there`,
  )
  if (journal.there) await forgetSyncs(target)
}
