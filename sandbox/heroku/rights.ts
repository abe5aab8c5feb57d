export const RIGHTS = ['deploy', 'manage', 'operate', 'view'] as const

/** What an account may do with an app: any combination of these (Dev Center, "App Permissions"). */
export type Right = (typeof RIGHTS)[number]

/** What a request needs: one right of each group. */
export interface Need {
  groups: readonly (readonly Right[])[]
  /** What for, in the words of a refusal. */
  to: string
}

const VIEW: Need = {groups: [['view']], to: 'view'}
const OPERATE: Need = {groups: [['operate']], to: 'make changes'}

/**
 * The table. Source, unless a row says otherwise: the matrix of Dev Center's "App Permissions and Allowed Actions" (2025),
 * read in a stored copy that shows how many of the four columns are marked, not which; and the summaries in "Using App
 * Permissions" that say which rights deploy has. Where these leave it open, the row asks for `operate`, which every reading
 * contains or is stricter than, and is marked so.
 */
const NEEDS: readonly {methods: string; path: RegExp; need: Need}[] = [
  // Two marks; deploy by the summary.
  {
    methods: 'GET',
    path: /\/config-vars$/,
    need: {groups: [['deploy', 'operate']], to: 'view config vars'},
  },
  {
    methods: 'PATCH',
    path: /\/config-vars$/,
    need: {groups: [['deploy', 'operate']], to: 'edit config vars'},
  },
  // Heroku's own refusal names both rights (g5search/devops-access#105); the Data API is behind the same.
  {
    methods: 'GET',
    path: /^(\/apps\/:app)?\/(addons|addon-attachments)\b|^\/(client|data|postgres)\//,
    need: {groups: [['deploy', 'operate']], to: 'view addon resources'},
  },
  {
    methods: 'POST',
    path: /^\/actions\/(addons|addon-attachments)\/resolve$/,
    need: {groups: [['deploy', 'operate']], to: 'view addon resources'},
  },
  // Not in the matrix: open.
  {
    methods: 'POST DELETE',
    path: /^\/addon-attachments\b/,
    need: {groups: [['operate']], to: 'change addon resources'},
  },
  // "Remove paid add-on": one mark, operate or manage: open, so both.
  {
    methods: 'DELETE',
    path: /\/addons\/:addon$/,
    need: {groups: [['operate'], ['manage']], to: 'remove addon resources'},
  },
  // Two marks; deploy by the summary.
  {
    methods: 'POST',
    path: /\/dynos$/,
    need: {groups: [['deploy', 'operate']], to: 'run one-off dynos'},
  },
  // "Scale processes", "Resize processes": two marks, not in the summary of deploy: open.
  {methods: 'PATCH', path: /\/formation\b/, need: {groups: [['operate']], to: 'scale dynos'}},
  // "Restart app": one mark: open. Stopping a dyno is no row of its own.
  {
    methods: 'DELETE POST',
    path: /\/(dynos|formations)\b/,
    need: {groups: [['operate']], to: 'restart dynos'},
  },
  // "View logs": one mark: open.
  {methods: 'POST', path: /\/log-sessions$/, need: {groups: [['operate']], to: 'view logs'}},
  // "Turn on and off maintenance mode": two marks: open.
  {
    methods: 'PATCH',
    path: /^\/apps\/:app$/,
    need: {groups: [['operate']], to: 'change the maintenance mode'},
  },
  // In no row that could be read: open.
  {methods: 'PATCH', path: /\/features\b/, need: {groups: [['operate']], to: 'change features'}},
  // "Manage permissions for other users on app", "Lock/unlock".
  {
    methods: 'PATCH DELETE',
    path: /^\/teams\/apps\/:app\b/,
    need: {groups: [['manage']], to: 'manage access'},
  },
  // A second factor, and joining a team's app, are no rights of the app.
  {methods: 'PUT POST', path: /\/pre-authorizations$|^\/teams\/apps\/:app\/collaborators$/, need: VIEW},
]

/** What a verb of an endpoint asks for, by the endpoint's pattern such as `/apps/:app/dynos`. */
export function needOf(method: string, pattern: string): Need {
  const row = NEEDS.find(({methods, path}) => methods.split(' ').includes(method) && path.test(pattern))
  return row?.need ?? (method === 'GET' ? VIEW : OPERATE)
}

/** The first group of which the account has none; undefined when nothing is missing. */
export function missingFrom(rights: ReadonlySet<Right>, {groups}: Need): readonly Right[] | undefined {
  return groups.find((group) => !group.some((right) => rights.has(right)))
}
