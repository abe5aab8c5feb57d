import {failed, RdsError} from '../ports/errors.js'
import type {Attachment, HerokuUnderLock} from '../ports/ports.js'
import {type HerokuClient, SDK} from './heroku-client.js'
import {type HerokuError} from './heroku-errors.js'

export const WITH_PLANS = {...SDK, 'Accept-Inclusion': 'addon:plan,config_vars'}
const ADDON_SERVICE = process.env.HEROKU_POSTGRESQL_ADDON_NAME ?? 'heroku-postgresql'

type Attachments = Pick<HerokuUnderLock, 'attach' | 'attachments' | 'databases' | 'detach'>

/** Which databases an app has under which names, and changes of that. */
export function attachmentsOf(client: HerokuClient): Attachments {
  const attachmentsOnApp = async (app: string) =>
    (await client.get<ApiAttachment[]>(`/apps/${app}/addon-attachments`, {headers: WITH_PLANS})).map(attachmentOf)
  const attachmentNamed = async (app: string, name: string) =>
    (await attachmentsOnApp(app)).find((attachment) => attachment.name === name)

  return {
    async databases(app) {
      return (await attachmentsOnApp(app)).filter(({addon}) => addon.plan.startsWith(`${ADDON_SERVICE}:`))
    },

    async attachments(addonId) {
      const attachments = await client.get<ApiAttachment[]>(`/addons/${addonId}/addon-attachments`, {
        headers: WITH_PLANS,
      })
      const apps = [...new Set(attachments.map(({app}) => app.name))]
      const readings = apps.map((app) =>
        attachmentsOnApp(app).catch((error: unknown) => {
          if (!isClosed(error)) throw error
          return attachments.filter((attachment) => attachment.app.name === app).map(attachmentOf)
        }),
      )
      return (await Promise.all(readings)).flat().filter(({addon}) => addon.id === addonId)
    },

    async attach({app, name, namespace}, addonName) {
      const body = {addon: {name: addonName}, app: {name: app}, name, ...namespaceOf(namespace)}
      const happened = async () => (await attachmentNamed(app, name))?.addon.name === addonName
      const request = {method: 'POST', path: '/addon-attachments', body} as const
      try {
        await client.once(request, happened)
      } catch (error) {
        if ((error as HerokuError).body?.id !== 'confirmation_required') throw error
        if (await attachmentNamed(app, name)) {
          throw failed(
            'name_taken',
            `${app} already has an attachment ${name} of another add-on`,
            `heroku addons:detach ${name} -a ${app}`,
          )
        }
        // Heroku may ask to confirm the replacement of what is no attachment, such as a config var just removed.
        await client.once({...request, body: {...body, confirm: app}}, happened)
      }
    },

    async detach({app, id}) {
      const gone = async () => !(await attachmentsOnApp(app)).some((attachment) => attachment.id === id)
      await client.once({method: 'DELETE', path: `/addon-attachments/${id}`}, gone)
    },
  }
}

/** Advanced plans take role, pool and proxy apart (the CLI's data:pg:attachments:create); the others a namespace as it is listed. */
function namespaceOf(namespace: string | null): object {
  if (namespace === null) return {}
  if (!/^(role|pool|proxy):/.test(namespace)) return {namespace}
  return {namespace_config: Object.fromEntries(namespace.split('|').map((part) => part.split(':') as [string, string]))}
}

interface ApiAttachment {
  id: string
  name: string
  namespace: string | null
  app: {name: string}
  addon: {id: string; name: string; app: {name: string}; plan?: {name: string}}
  config_vars?: string[]
}

/** What a Shield plan sets beside the URL: no way to the database but that of this tool, and gone with the attachment. */
const OF_BASTION = /_BASTION(S|_KEY|_REKEYS_AFTER)$/

const attachmentOf = ({id, name, namespace, app, addon, config_vars: configVars}: ApiAttachment): Attachment => ({
  id,
  name,
  namespace: namespace ?? null,
  app: app.name,
  addon: {id: addon.id, name: addon.name, plan: addon.plan?.name ?? 'unknown', billingApp: addon.app.name},
  configVars: configVars?.filter((one) => !OF_BASTION.test(one)) ?? [`${name}_URL`],
})

/** An app that this account is told of, but may not look at. */
const isClosed = (error: unknown): boolean =>
  error instanceof RdsError && (error.code === 'forbidden' || error.code === 'not_found')
