import type {APIClient} from '@heroku-cli/command'

import type {Database} from '../ports/ports.js'

export interface Options {
  api: APIClient
  /** Where the CLI keeps a plugin's files. */
  dataDir: string
  app: string
  /** Attachment or add-on name; DATABASE by default. */
  database?: string
  /** Environment variable that holds the URL of a source that is not a Heroku add-on. */
  sourceUrlEnv?: string | undefined
  target?: string
  region?: string
  caFile?: string
  /** For how long what another operator had asked of Heroku may still come true; when left out, as long as a request may take. */
  lateSeconds?: number
  /** Told of what takes long. */
  tell?: (line: string) => void
  /** For a command that only reads: its sessions refuse to write, to wait or to stay. */
  reading?: boolean
}

/** `connect` opens a connection that will be needed; what is in its way shows when it is. */
export type Closable = Database & {connect(): Promise<void>; close(): Promise<void>}
