import {randomUUID} from 'node:crypto'

import {noCredentials, unauthorized} from './errors.js'
import {RateLimit} from './rate-limit.js'

export type TeamRole = 'admin' | 'member'

export interface AccountSpec {
  email: string
  name?: string
  /** The account logs in through its company (SSO); Heroku ends such tokens after eight hours. */
  sso?: boolean
  /** How long its token is good for; for ever by default. */
  tokenSeconds?: number
  /** Size of its pool of requests; the simulator's `requestLimit` by default. */
  requestLimit?: number
  /** Its roles by the names of teams. */
  teams?: Record<string, TeamRole>
}

/** Somebody who has a token. */
export class Account {
  readonly id = randomUUID()
  readonly authorizationId = randomUUID()
  readonly email: string
  readonly name: string
  readonly token = `HRKU-${randomUUID()}`
  readonly sso: boolean
  readonly teams: Readonly<Record<string, TeamRole>>
  readonly limit: RateLimit
  readonly createdAt = new Date()
  /** Ids of apps for which a second factor was given in advance. */
  readonly preauthorized = new Set<string>()
  expiresAt: Date | undefined

  constructor({email, name = 'Operator', sso = false, teams = {}, tokenSeconds}: AccountSpec, limit: RateLimit) {
    this.email = email
    this.name = name
    this.sso = sso
    this.teams = teams
    this.limit = limit
    this.expiresAt = tokenSeconds === undefined ? undefined : new Date(Date.now() + tokenSeconds * 1000)
  }

  get expired(): boolean {
    return this.expiresAt !== undefined && this.expiresAt.getTime() <= Date.now()
  }

  /** Seconds until the token ends; null when it never does. */
  get expiresIn(): number | null {
    return this.expiresAt ? Math.max(0, Math.floor((this.expiresAt.getTime() - Date.now()) / 1000)) : null
  }
}

/** Who is known, and which token belongs to whom. */
export class Accounts {
  readonly all: Account[] = []
  readonly #requestLimit: number

  constructor(requestLimit: number) {
    this.#requestLimit = requestLimit
  }

  create(spec: AccountSpec): Account {
    if (this.find(spec.email)) throw new Error(`an account ${spec.email} exists already`)
    const account = new Account(spec, new RateLimit(spec.requestLimit ?? this.#requestLimit))
    this.all.push(account)
    return account
  }

  /** By email or id. */
  find(wanted: string): Account | undefined {
    return this.all.find(({email, id}) => email === wanted || id === wanted)
  }

  /** A bearer token, or Basic with the token as password, which the Data API's credential endpoints take. */
  of(header: string | undefined): Account | undefined {
    return this.all.find(
      ({token}) => header === `Bearer ${token}` || header === `Basic ${Buffer.from(`:${token}`).toString('base64')}`,
    )
  }

  /** The account a header belongs to; 401 when there is none, or its token has ended. */
  authenticate(header: string | undefined): Account {
    if (!header) throw noCredentials()
    const account = this.of(header)
    if (!account || account.expired) throw unauthorized()
    return account
  }
}
