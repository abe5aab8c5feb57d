import {expect} from 'chai'
import {mkdtempSync} from 'node:fs'
import {join} from 'node:path'

import {herokuEnvironment, runHeroku} from '../../sandbox/heroku/index.js'
import type {Account, Right} from '../../sandbox/heroku/index.js'
import {HerokuHarness} from './heroku-harness.js'

const PLAN = 'heroku-postgresql:standard-0'
const URL_ONE = 'postgres://u:first@localhost:5432/shop'

describe('sandbox: rights at Heroku', function () {
  this.timeout(60_000)
  let heroku: HerokuHarness
  let addon: string
  let accounts = 0

  before(async () => {
    heroku = await HerokuHarness.open()
    const app = heroku.createApp('guarded')
    addon = heroku.sim.createPostgres({app: 'guarded', plan: PLAN, name: 'pg-g', database: {url: URL_ONE}}).id
    await app.settle()
  })

  after(() => heroku.close())

  const request = ({token}: {token: string}, method: string, path: string, body?: unknown) =>
    heroku.api(method, path, body, {Authorization: `Bearer ${token}`})
  const newAccount = (app: string, rights?: readonly Right[]): Account => {
    const account = heroku.sim.createAccount({email: `account-${++accounts}@example.com`})
    if (rights) heroku.sim.setRights(app, rights, account.email)
    return account
  }

  /** Requests about the app, each with the rights of which any is enough, or of which each is needed. */
  const requests = (): {call: [string, string, unknown?]; any?: Right[]; each?: Right[]}[] => [
    {call: ['GET', '/apps/guarded'], any: ['view']},
    {call: ['GET', '/apps/guarded/releases'], any: ['view']},
    {call: ['GET', '/apps/guarded/dynos'], any: ['view']},
    {call: ['GET', '/apps/guarded/formation'], any: ['view']},
    {call: ['GET', '/apps/guarded/features/preboot'], any: ['view']},
    {call: ['GET', '/apps/guarded/collaborators'], any: ['view']},
    {call: ['GET', '/apps/guarded/config-vars'], any: ['deploy', 'operate']},
    {call: ['GET', '/apps/guarded/releases/v1/config-vars'], any: ['deploy', 'operate']},
    {call: ['PATCH', '/apps/guarded/config-vars', {}], any: ['deploy', 'operate']},
    {call: ['GET', '/apps/guarded/addons'], any: ['deploy', 'operate']},
    {call: ['GET', '/apps/guarded/addon-attachments'], any: ['deploy', 'operate']},
    {call: ['GET', `/addons/${addon}`], any: ['deploy', 'operate']},
    {call: ['GET', `/client/v11/databases/${addon}`], any: ['deploy', 'operate']},
    {call: ['GET', `/data/maintenances/v1/${addon}`], any: ['deploy', 'operate']},
    {call: ['POST', '/actions/addon-attachments/resolve', attachment()], any: ['deploy', 'operate']},
    {call: ['POST', '/apps/guarded/dynos', {command: 'true'}], any: ['deploy', 'operate']},
    {call: ['POST', '/apps/guarded/log-sessions', {}], any: ['operate']},
    {call: ['PATCH', '/apps/guarded', {maintenance: false}], any: ['operate']},
    {call: ['PATCH', '/apps/guarded/formation', {updates: []}], any: ['operate']},
    {call: ['PATCH', '/apps/guarded/features/preboot', {enabled: false}], any: ['operate']},
    {call: ['DELETE', '/apps/guarded/dynos'], any: ['operate']},
    {call: ['POST', '/apps/guarded/formations/web/actions/stop', {}], any: ['operate']},
    {call: ['POST', `/client/v11/databases/${addon}/connection_reset`, {}], any: ['operate']},
    {call: ['POST', '/addon-attachments', {app: 'guarded', addon, name: 'wrong'}], any: ['operate']},
    {call: ['DELETE', `/apps/guarded/addons/${addon}`, {}], each: ['operate', 'manage']},
  ]
  const attachment = () => ({app: 'guarded', addon_attachment: 'DATABASE'})

  it('each verb asks for its own; what is refused has no effect', async () => {
    const before = heroku.sim.events.length
    const who = Object.fromEntries(
      (['view', 'deploy', 'operate', 'manage'] as const).map((right) => [right, newAccount('guarded', [right])]),
    ) as Record<Right, Account>
    for (const {call, any, each} of requests()) {
      const needed = any ?? each!
      for (const right of ['view', 'deploy', 'operate', 'manage'] as const) {
        const enough = any ? any.includes(right) || any.includes('view') : false
        if (enough) continue
        const {status, body} = await request(who[right], ...call)
        expect([...call.slice(0, 2), right, status, body['id']]).to.deep.equal([
          ...call.slice(0, 2),
          right,
          403,
          'forbidden',
        ])
        const missing = any ? needed : needed.filter((one) => one !== right)
        expect(body['message'])
          .to.match(/^You do not have permission to [a-z -]+ on guarded\. /)
          .and.include(`You need to have the ${any ? needed.join(' or ') : missing[0]} permission on this app.`)
      }
    }
    expect(heroku.sim.events.length).to.equal(before)
    for (const {call, any, each} of requests()) {
      for (const rights of each ? [each] : any!.map((right) => [right])) {
        const {status} = await request(newAccount('guarded', rights), ...call)
        expect(status, `${call[0]} ${call[1]} with ${rights.join()}`).to.not.equal(403)
      }
    }
  })

  it('without any right the app is closed and in no list', async () => {
    heroku.createApp('closed')
    const stranger = newAccount('closed')
    const refused = await request(stranger, 'GET', '/apps/closed')
    expect([refused.status, refused.body]).to.deep.equal([
      403,
      {id: 'forbidden', message: 'You do not have access to the app closed.'},
    ])
    expect((await request(stranger, 'GET', '/apps')).body).to.deep.equal([])
    heroku.sim.setRights('closed', ['view'], stranger.email)
    expect((await request(stranger, 'GET', '/apps')).body).to.have.length(1)
    heroku.sim.setRights('closed', ['view'])
    expect((await heroku.api('GET', '/apps/closed/config-vars')).status).to.equal(403)
    heroku.sim.setPermission('closed', true)
    expect((await heroku.api('GET', '/apps/closed/config-vars')).status).to.equal(200)
  })

  it('an attachment is seen where its app may be, and made where both apps allow it', async () => {
    const one = heroku.createApp('billing')
    heroku.createApp('guest')
    const {id} = heroku.sim.createPostgres({app: 'billing', plan: PLAN, name: 'pg-b', database: {url: URL_ONE}})
    const account = newAccount('guest', ['operate'])
    const wanted = {addon: id, app: 'guest', name: 'SHARED'}
    expect((await request(account, 'POST', '/addon-attachments', wanted)).status).to.equal(403)
    await heroku.api('POST', '/addon-attachments', wanted)
    const seen = await heroku.api<{app: {name: string}}[]>('GET', `/addons/${id}/addon-attachments`, undefined, {
      Authorization: `Bearer ${account.token}`,
    })
    expect(seen.body.map(({app}) => app.name)).to.deep.equal(['guest'])
    expect(one.attachments).to.have.length(1)
  })

  it('a release names who made it', async () => {
    const account = newAccount('guarded', ['deploy'])
    await request(account, 'PATCH', '/apps/guarded/config-vars', {BY: account.email})
    const newest = {Range: 'version ..; max=1, order=desc'}
    const {body} = await heroku.api<{user: {email: string}}[]>('GET', '/apps/guarded/releases', undefined, newest)
    expect(body[0]!.user).to.deep.equal({id: account.id, email: account.email})
  })

  describe('of teams', () => {
    const team = 'shop-team'
    const member = (role: 'admin' | 'member') =>
      heroku.sim.createAccount({email: `${role}-${++accounts}@example.com`, teams: {[team]: role}})

    it('members view an app and can join it; admins may do everything', async () => {
      heroku.createApp('team-open', {team})
      const one = member('member')
      const path = '/teams/apps/team-open'
      expect((await request(one, 'GET', path)).body).to.deep.include({joined: false, locked: false})
      expect((await request(one, 'GET', '/apps/team-open/config-vars')).status).to.equal(403)
      const joined = await request(one, 'POST', `${path}/collaborators`, {user: one.email})
      expect([joined.status, joined.body['role']]).to.deep.equal([201, 'member'])
      expect((await request(one, 'GET', path)).body).to.deep.include({joined: true})
      expect((await request(one, 'PATCH', '/apps/team-open/config-vars', {A: '1'})).status).to.equal(200)
      const chief = member('admin')
      expect((await request(chief, 'GET', '/apps/team-open/config-vars')).status).to.equal(200)
      const stranger = newAccount('team-open')
      expect((await request(stranger, 'POST', `${path}/collaborators`, {user: stranger.email})).status).to.equal(403)
    })

    it('a locked app is closed to members until someone who manages it lets them in', async () => {
      heroku.createApp('team-locked', {team, locked: true})
      const [one, manager] = [member('member'), member('admin')]
      const path = '/teams/apps/team-locked'
      const collaborators = `${path}/collaborators`
      for (const [method, closed] of [
        ['GET', '/apps/team-locked'],
        ['GET', path],
        ['POST', collaborators],
      ] as const) {
        const refused = await request(one, method, closed, method === 'POST' ? {user: one.email} : undefined)
        expect([refused.status, refused.body['message']]).to.deep.equal([
          403,
          'You do not have access to the app team-locked.',
        ])
      }
      await request(manager, 'POST', collaborators, {user: one.email, permissions: ['deploy']})
      expect((await request(one, 'GET', '/apps/team-locked/config-vars')).status).to.equal(200)
      expect((await request(one, 'PATCH', path, {locked: false})).status).to.equal(403)
      expect((await request(manager, 'PATCH', path, {locked: false})).body).to.deep.include({locked: false})
    })

    it('collaborators are shown with what they may do, and changed', async () => {
      heroku.createApp('team-shown', {team})
      const {email, id} = newAccount('team-shown', ['deploy'])
      type Entry = {role: string; user: {email: string}; permissions: {name: string}[]}
      const shown = async (path: string) => {
        const {body} = await heroku.api<Entry[]>('GET', path)
        return Object.fromEntries(body.map(({user, permissions}) => [user.email, permissions.map(({name}) => name)]))
      }
      const all = ['deploy', 'manage', 'operate', 'view']
      for (const path of ['/apps/team-shown/collaborators', '/teams/apps/team-shown/collaborators']) {
        expect(await shown(path)).to.deep.equal({
          [`${team}@herokumanager.com`]: all,
          [email]: ['deploy', 'view'],
        })
      }
      const one = `/teams/apps/team-shown/collaborators/${email}`
      expect((await heroku.api('PATCH', one, {permissions: ['operate']})).body['user']).to.deep.include({id, email})
      const {body} = await heroku.api<Entry>('GET', one)
      expect(body.permissions.map(({name}) => name)).to.deep.equal(['operate', 'view'])
      expect((await heroku.api('DELETE', one)).status).to.equal(200)
      expect((await heroku.api('GET', one)).body['message']).to.equal("Couldn't find that collaborator.")
    })

    it('the stock command shows them, and joins', async () => {
      heroku.createApp('team-stock', {team})
      const one = member('member')
      const home = mkdtempSync(join(heroku.dir, 'home-'))
      const env = herokuEnvironment({url: heroku.sim.url, token: one.token}, home)
      const joined = await runHeroku(['apps:join', '-a', 'team-stock'], env)
      expect(joined.stderr).to.match(/Joining .*team-stock.* done/)
      const access = await runHeroku(['access', '-a', 'team-stock'], env)
      expect(access.stderr).to.equal('')
      expect(access.stdout).to.match(new RegExp(`${one.email}.*member.*deploy, operate, view`))
    })
  })
})
