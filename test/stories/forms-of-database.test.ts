import {expect} from 'chai'

import {attach} from '../../sandbox/heroku/attachments.js'
import type {App} from '../../sandbox/heroku/index.js'
import type {Shop, ShopOptions} from '../../sandbox/shop.js'
import {expectBusiness, expectCleanLedger, stateOf} from '../support/app-state.js'
import {cutOver, rollBack, useSandbox} from '../support/world.js'
import {failureOf} from './support.js'

interface Form {
  options: ShopOptions
  /** What the app connects by. */
  reads: string
  /** How its value ends after the switch, beside verification. */
  parameters?: string
}

const attached = (name: string, namespace: string | null = null): ShopOptions => ({
  connect: ({app, addon}) => void attach(app.platform, {app, addon, name, namespace}),
})

const FORMS: Record<string, Form> = {
  'an attachment with a credential': {
    options: {credentials: ['app'], ...attached('DATABASE', 'credential:app')},
    reads: 'DATABASE_URL',
  },
  'a config var of its own with parameters, beside an attachment under its colour': {
    options: {
      connect({app, addon, source}) {
        app.ownVars.set('DATABASE_URL', `${source.url}?connection_limit=5&application_name=the%20shop`)
        attach(app.platform, {app, addon, name: 'HEROKU_POSTGRESQL_AMBER', namespace: null})
      },
    },
    reads: 'DATABASE_URL',
    parameters: 'connection_limit=5&application_name=the%20shop&',
  },
  'nothing, and the app reads the name of a colour': {
    options: {
      configVars: {DATABASE_VAR: 'HEROKU_POSTGRESQL_TEAL_URL'},
      ...attached('HEROKU_POSTGRESQL_TEAL'),
    },
    reads: 'HEROKU_POSTGRESQL_TEAL_URL',
  },
  'an attachment, and the app reads the name of a colour': {
    options: {
      configVars: {DATABASE_VAR: 'HEROKU_POSTGRESQL_NAVY_URL'},
      connect({app, addon}) {
        for (const name of ['DATABASE', 'HEROKU_POSTGRESQL_NAVY'])
          attach(app.platform, {app, addon, name, namespace: null})
      },
    },
    reads: 'HEROKU_POSTGRESQL_NAVY_URL',
  },
  'an attachment of an Advanced database by role and pool': {
    options: {
      plan: 'advanced-beta',
      credentials: ['app'],
      ...attached('DATABASE', 'role:app|proxy:false|pool:leader'),
    },
    reads: 'DATABASE_URL',
  },
  'the attachment of the pooler': {
    options: {
      connect({app, addon, source}) {
        addon.poolUrl = source.url
        attach(app.platform, {app, addon, name: 'DATABASE', namespace: 'connection-pooling:default'})
      },
    },
    reads: 'DATABASE_URL',
  },
}

describe('DATABASE of an app is', () => {
  const world = useSandbox()

  const isOnTarget = ({target}: Shop, app: App, {reads, parameters = ''}: Form) => {
    const value = app.releases.current.config[reads] ?? 'not set'
    const leads = value.startsWith(`${target.url.split('?')[0]}?${parameters}sslmode=verify-full`)
    return leads || `${reads} of ${app.name} leads elsewhere`
  }

  for (const [what, form] of Object.entries(FORMS)) {
    it(`${what}: it moves, comes back bit for bit, and moves again, together with another app`, async () => {
      const shop = await world.sandbox.openShop({formation: {web: 1}, ...form.options})
      const guest = shop.attachApp(`${shop.name}-guest`, {worker: 'node worker.mjs'}, {worker: 1})
      await guest.settle()
      const apps = [shop.app, guest]
      const before = apps.map(stateOf)
      shop.customersCome()
      await expectBusiness(shop)

      const declined = await failureOf(cutOver(shop, {settings: {gate: 'ask'}, decide: () => Promise.resolve(false)}))
      expect(declined.code).to.equal('gate_declined')
      expect(apps.map(stateOf)).to.deep.equal(before)
      await expectBusiness(shop)

      await shop.customersLeave()
      for (const app of apps) for (const type of Object.keys(app.quantities)) app.formation.scale(type, 0)
      await Promise.all(apps.map((app) => app.settle()))
      const asleep = apps.map(stateOf)
      await cutOver(shop)
      expect(isOnTarget(shop, shop.app, form)).to.equal(true)
      expect(isOnTarget(shop, guest, {...form, reads: 'DATABASE_URL', parameters: ''})).to.equal(true)
      await rollBack(shop)
      expect(apps.map(stateOf)).to.deep.equal(asleep)

      shop.app.formation.scale('web', 1)
      guest.formation.scale('worker', 1)
      shop.customersCome()
      await expectBusiness(shop)
      await cutOver(shop)
      expect(isOnTarget(shop, shop.app, form)).to.equal(true)
      await expectBusiness(shop)
      guest.formation.scale('worker', 0)
      await guest.settle()
      await expectCleanLedger(shop, 'target')
    })
  }
})
