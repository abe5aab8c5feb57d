import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import {expect} from 'chai'

import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOver, useSandbox} from '../support/world.js'
import {failureOf, fenceOf, primaryOf} from './support.js'

const READS = `psql "$DATABASE_URL" -XAtqc 'select count(*) from products'`
const WRITES = `psql "$DATABASE_URL" -XAtqc 'update products set stock = stock'`
/** Fails as often as the file says. */
const FLAKY = `n=$(cat "$FAILURES"); if [ "$n" -gt 0 ]; then echo $((n - 1)) > "$FAILURES"; exit 1; fi; ${READS}`

describe('An app with a release phase', () => {
  const world = useSandbox()
  const scratch = mkdtempSync(join(tmpdir(), 'release-phase-'))

  after(() => rmSync(scratch, {recursive: true}))

  const openShop = async (release: string, configVars: Record<string, string> = {}) => {
    const shop = await world.sandbox.openShop({processTypes: {release}, configVars})
    shop.customersCome()
    await expectBusiness(shop)
    return shop
  }

  it('that only reads is switched', async () => {
    const shop = await openShop(READS)
    await cutOver(shop)
    expect(primaryOf(shop)).to.equal('target')
    expect(shop.app.releases.all.at(-1)!.status).to.equal('succeeded')
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'target')
  })

  it('that writes is refused by the fence at the switch: everything is undone', async () => {
    const {source} = world.sandbox
    const shop = await openShop(WRITES)
    const asBefore = stateOf(shop.app)
    const failure = await failureOf(cutOver(shop))
    expect(failure.code).to.equal('release_failed')
    expect(failure.oclif.exit).to.equal(1)
    expect(stateOf(shop.app)).to.deep.equal(asBefore)
    expect(shop.app.releases.all.at(-1)!.status).to.equal('succeeded')
    expect(await fenceOf(source, shop.source.database)).to.equal('absent')
    await expectBusiness(shop)
    await expectCleanLedger(shop, 'source')
  })

  it('that fails on the way back, while there is nothing wrong with the app: it is released once more', async () => {
    const file = join(scratch, 'failures')
    writeFileSync(file, '0')
    const shop = await openShop(FLAKY, {FAILURES: file})
    const asBefore = stateOf(shop.app)
    let atGate = 0
    const failure = await failureOf(
      cutOver(shop, {
        settings: {gate: 'ask'},
        // Removing the URL, attaching DATABASE and detaching the old name: each makes a release.
        decide() {
          atGate = shop.app.releases.all.length
          writeFileSync(file, '3')
          return Promise.resolve(false)
        },
      }),
    )
    expect(failure.code).to.equal('gate_declined')
    expect(stateOf(shop.app)).to.deep.equal(asBefore)
    const failed = shop.app.releases.all.slice(atGate).filter(({status}) => status === 'failed')
    expect(failed.length, 'releases that failed').to.equal(3)
    const newest = shop.app.releases.all.at(-1)!
    expect(newest.status).to.equal('succeeded')
    expect(newest.config['DATABASE_URL']).to.equal(shop.source.url)
    await expectBusiness(shop)
    for (const {spec} of shop.app.dynos) expect(spec.release.version, spec.name).to.equal(newest.version)
    await expectCleanLedger(shop, 'source')
  })
})
