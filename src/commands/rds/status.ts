import {setTimeout as delay} from 'node:timers/promises'

import {withWorld} from '../../lib/open/world.js'
import {flags} from '../../lib/output/heroku-cli.js'
import {interruption} from '../../lib/output/interruption.js'
import {appFlags, databaseArg, RdsCommand} from '../../lib/output/rds-command.js'
import {statusReport} from '../../lib/output/report.js'
import {type Status, statusOf} from '../../lib/actions/status.js'

const EVERY_MS = 2000

export default class StatusCommand extends RdsCommand {
  static override summary = 'show where the migration stands, what is in effect and what comes next'
  static override description = RdsCommand.describe('Reads the journal, both databases and the app. Changes nothing.')
  static override examples = [
    '<%= config.bin %> <%= command.id %> --app example-app --json',
    '<%= config.bin %> <%= command.id %> --app example-app --watch',
  ]
  static override args = databaseArg
  static override flags = {
    ...appFlags,
    watch: flags.boolean({
      char: 'w',
      description: 'show it again every two seconds, without asking after the apps, until Ctrl-C',
    }),
  }

  async run(): Promise<Status> {
    const parsed = await this.parse(StatusCommand)
    const signal = interruption()
    return withWorld(this.optionsOf(parsed), async (world) => {
      for (;;) {
        const status = await statusOf(world, {withApps: !parsed.flags.watch})
        this.#show(status, parsed.flags.watch)
        if (!parsed.flags.watch || signal.aborted) return status
        await delay(EVERY_MS, undefined, {signal}).catch(() => undefined)
        if (signal.aborted) return status
      }
    })
  }

  /** Watched as JSON, every state is a line; the last one is the result. */
  #show(status: Status, watched: boolean): void {
    if (this.jsonEnabled()) {
      if (watched) this.logToStderr(JSON.stringify(status))
      return
    }
    if (watched) this.clearScreen()
    for (const line of statusReport(status)) this.log(line)
  }
}
