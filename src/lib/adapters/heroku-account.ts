import {allEnded} from '../flow/all-ended.js'
import type {HerokuUnderLock} from '../ports/ports.js'
import {WITH_PLANS} from './heroku-attachments.js'
import {type HerokuClient} from './heroku-client.js'
import {notThere, statusOf} from './heroku-errors.js'

type Account = Pick<HerokuUnderLock, 'loginEnds' | 'requestsLeft' | 'rights' | 'tryRights'>

/** Who is asking, for how long, how often, and with what rights. */
export function accountOf(client: HerokuClient): Account {
  return {
    async requestsLeft() {
      return (await client.get<{remaining: number}>('/account/rate-limits')).remaining
    },

    async loginEnds() {
      const token = await client.token()
      const logins = await client.get<Authorization[]>('/oauth/authorizations')
      return logins.find(({access_token: one}) => one?.token === token)?.access_token?.expires_in ?? null
    },

    async rights(app) {
      const [{email}, collaborators] = await Promise.all([
        client.get<{email: string}>('/account'),
        client.get<Collaborator[]>(`/apps/${app}/collaborators`),
      ])
      const own = collaborators.find(({user}) => user.email === email)
      if (own?.role === 'owner' || own?.role === 'admin') return ALL
      // Only a team's apps show more than that an account is a collaborator.
      return own?.permissions && own.permissions.length > 0 ? own.permissions.map(({name}) => name) : null
    },

    async tryRights(app) {
      const [{maintenance}, attachments, config] = await Promise.all([
        client.get<{maintenance: boolean}>(`/apps/${app}`),
        client.get<{config_vars?: string[]}[]>(`/apps/${app}/addon-attachments`, {headers: WITH_PLANS}),
        client.get<Record<string, string>>(`/apps/${app}/config-vars`),
      ])
      const owned = attachments.flatMap(({config_vars: vars = []}) => vars).find((name) => name in config)
      await allEnded([
        client.patch(`/apps/${app}`, {maintenance}).catch(notThere),
        owned && client.patch(`/apps/${app}/config-vars`, {[owned]: config[owned]}).catch(refusedAsWhole),
      ])
    },
  }
}

const ALL = ['view', 'deploy', 'operate', 'manage']

/** An account that can set config vars is told that this one belongs to an attachment, and that nothing of the request was done. */
const refusedAsWhole = (error: unknown): void => {
  if (statusOf(error) !== 422) throw error
}

interface Authorization {
  access_token?: {token: string; expires_in: number | null} | null
}
interface Collaborator {
  role?: string | null
  user: {email: string}
  permissions?: {name: string}[]
}
