import {expect} from 'chai'

import {isInstalled} from '../../sandbox/postgres/binaries.js'
import {CHANGES, PARENTS, replicationOf, tracesOf, untilEqual} from '../support/replication.js'
import {ask, servers} from '../support/servers.js'
import {newPass, raiseFence} from '../../src/lib/fence/fence.js'
import {leaveNote} from '../../src/lib/journal/notes.js'
import {drainReplication, verifyReplicated} from '../../src/lib/methods/logical-replication/window.js'
import {attachConstraintsStep} from '../../src/lib/methods/shared/constraints.js'
import {removeReplication} from '../../src/lib/replication/remove.js'
import {reconcile} from '../../src/lib/runbook/steps/reconcile.js'

const PAIRS = [
  [13, 17],
  [14, 17],
  [15, 18],
  [16, 16],
  [17, 18],
  [18, 18],
] as const

for (const [from, to] of PAIRS.filter((pair) => pair.every(isInstalled))) {
  describe(`Logical replication from Postgres ${from} to Postgres ${to}`, () => {
    const both = servers({source: from, target: to, replication: true})

    it('copies, follows, drains, verifies, and leaves nothing', async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      await ask(source.url, PARENTS)
      const {migration, start} = await replicationOf(source, target)
      await start()
      await untilEqual(source, target)
      for (const [, sql] of CHANGES) await ask(source.url, `begin; ${sql}; commit`)
      await raiseFence(source.db, newPass(), 'frozen', migration.guard.source)
      await leaveNote(migration, 'frozen', {at: new Date().toISOString(), fingerprint: '', readOnlyBefore: null})
      for (const step of [drainReplication, attachConstraintsStep, reconcile, verifyReplicated])
        await step.run(migration)
      await untilEqual(source, target)
      await removeReplication(migration)
      expect(await tracesOf(source, target)).to.deep.equal([])
    })
  })
}
