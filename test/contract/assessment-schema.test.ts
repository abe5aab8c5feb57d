import {readFileSync} from 'node:fs'

import {Ajv2020} from 'ajv/dist/2020.js'
import {expect} from 'chai'

import {clock} from '../../src/lib/adapters/clock.js'
import {assess, CHECKS, type World} from '../../src/lib/assessment/assess.js'
import {failed} from '../../src/lib/ports/errors.js'
import {ADDON, healthyHeroku, healthyRds} from '../support/healthy.js'
import {ask, servers, type Source, type Target} from '../support/servers.js'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const ajv = new Ajv2020({formats: {'date-time': (text: string) => !Number.isNaN(Date.parse(text))}})
const validate = ajv.compile(JSON.parse(read('docs/assessment.schema.json')) as object)

describe('The JSON of an assessment is what docs/assessment.schema.json says, to the last field', () => {
  const both = servers()
  let source: Source
  let target: Target

  before(async () => {
    source = await both.newSource()
    await ask(source.url, read('sandbox/shop/schema.sql'))
    target = await both.newTarget()
  })

  const world = (): World => ({
    app: 'shop',
    addon: ADDON,
    heroku: healthyHeroku(),
    source: source.db,
    sourceAddress: source.parts,
    rds: healthyRds,
    clock,
  })
  const closed = () => Promise.reject(failed('forbidden', 'Heroku refused'))
  const valid = async (changes: Partial<World>, options = {}) => {
    const json: unknown = JSON.parse(JSON.stringify(await assess({...world(), ...changes}, options)))
    expect(validate(json), JSON.stringify(validate.errors, null, 2)).to.equal(true)
    return json
  }

  it('with a target', async () => {
    const json = await valid({target: target.db, targetEndpoint: target.parts}, {watchSeconds: 0.1, trialSlot: true})
    expect(json).to.include({schemaVersion: 1, checks: CHECKS.length})
  })

  it('without one', async () => {
    const rds = {
      ...healthyRds,
      offers: () => Promise.resolve([{engine: 'postgres', versions: [], classes: [], extensions: []}]),
    }
    await valid({rds: rds as unknown as World['rds']})
  })

  it('with blockers, and with what could not be read', async () => {
    await ask(source.url, 'select lo_create(4242)')
    const heroku = healthyHeroku({
      databaseInfo: closed,
      network: closed,
      pipeline: closed,
      configVars: closed,
      attachments: closed,
    })
    await valid({target: target.db, heroku, rds: {...healthyRds, find: closed}})
  })

  it('and nothing else is', async () => {
    const json = (await valid({})) as Record<string, unknown>
    expect(validate({...json, surprise: 1})).to.equal(false)
    expect(validate({...json, takenAt: undefined})).to.equal(false)
  })
})
