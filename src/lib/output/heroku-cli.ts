import {realpathSync} from 'node:fs'
import {createRequire} from 'node:module'
import {pathToFileURL} from 'node:url'

const PACKAGE = '@heroku-cli/command'

const ours = createRequire(import.meta.url)

const major = (require: NodeJS.Require) =>
  (require(`${PACKAGE}/package.json`) as {version: string}).version.split('.')[0]

/** The copy that the running `heroku` has loaded already, where it is of the major version this plugin was written for; else the plugin's. */
function copyInUse(): string {
  try {
    const host = createRequire(realpathSync(process.argv[1]!))
    if (major(host) === major(ours)) return host.resolve(PACKAGE)
  } catch {
    // Not started by a CLI that carries the package.
  }
  return ours.resolve(PACKAGE)
}

/** Command class and flags of the Heroku CLI: one copy in the process (docs/decisions/0006-one-copy-of-the-cli.md). */
export const {Command, flags} = (await import(pathToFileURL(copyInUse()).href)) as typeof import('@heroku-cli/command')
