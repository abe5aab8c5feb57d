import {AsyncLocalStorage} from 'node:async_hooks'

import {Accounts} from './accounts.js'
import type {Account} from './accounts.js'
import {ApiError, forbidden} from './errors.js'
import {missingFrom, needOf, RIGHTS} from './rights.js'
import type {Need, Right} from './rights.js'

/** An app as far as rights go. */
export interface Guarded {
  readonly id: string
  readonly name: string
  readonly team?: string | null
  readonly locked?: boolean
}

interface Caller {
  account: Account
  need: Need
}

const ALL: ReadonlySet<Right> = new Set(RIGHTS)
const NONE: ReadonlySet<Right> = new Set()
const VIEW: ReadonlySet<Right> = new Set(['view'])

/**
 * Who may do what with which app. The operator may do everything unless told otherwise; others have what they were given,
 * admins of an app's team everything, its members `view` unless the app is locked.
 */
export class Access {
  readonly accounts: Accounts
  /** Whose token the simulator hands out, and who acts outside of requests. */
  readonly operator: Account
  readonly #given = new Map<string, Map<Account, ReadonlySet<Right>>>()
  readonly #callers = new AsyncLocalStorage<Caller>()

  constructor(requestLimit: number) {
    this.accounts = new Accounts(requestLimit)
    this.operator = this.accounts.create({email: 'operator@example.com'})
  }

  /** Whoever makes the request that is being answered. */
  get caller(): Account {
    return this.#callers.getStore()?.account ?? this.operator
  }

  /** Answers a request as the account, with what its endpoint asks for. */
  as<T>(account: Account, need: Need, answer: () => T): T {
    return this.#callers.run({account, need}, answer)
  }

  /** Gives exactly these rights on an app; `view` comes with any other. Undefined: back to the default. */
  give(app: Guarded, account: Account, rights: readonly Right[] | undefined): void {
    const given = this.#given.get(app.id) ?? new Map<Account, ReadonlySet<Right>>()
    this.#given.set(app.id, given)
    if (rights) given.set(account, new Set(rights.length > 0 ? [...rights, 'view'] : []))
    else given.delete(account)
  }

  rightsOf(app: Guarded, account: Account): ReadonlySet<Right> {
    const given = this.#given.get(app.id)?.get(account)
    if (given) return given
    const role = app.team ? account.teams[app.team] : undefined
    if (account === this.operator || role === 'admin') return ALL
    return role === 'member' && !app.locked ? VIEW : NONE
  }

  /** Those who were given rights on the app themselves, not by their team. */
  collaborators(app: Guarded): Account[] {
    return [...(this.#given.get(app.id) ?? [])].filter(([, rights]) => rights.size > 0).map(([account]) => account)
  }

  /** True when the caller has what the request asks for. */
  allows(app: Guarded): boolean {
    return missingFrom(this.rightsOf(app, this.caller), this.#need) === undefined
  }

  /** 403 unless the caller has what the request, or `need`, asks for. */
  require(app: Guarded, need: Need = this.#need): void {
    const rights = this.rightsOf(app, this.caller)
    const missing = missingFrom(rights, need)
    if (!missing) return
    if (!rights.has('view')) throw forbidden(app.name)
    throw new ApiError(
      403,
      'forbidden',
      `You do not have permission to ${need.to} on ${app.name}. ` +
        `You need to have the ${missing.join(' or ')} permission on this app.`,
    )
  }

  get #need(): Need {
    return this.#callers.getStore()?.need ?? needOf('GET', '/apps/:app')
  }
}
