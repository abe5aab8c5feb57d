import {withWorld} from '../../lib/open.js'
import {appFlags, databaseArg, RdsCommand} from '../../lib/output/rds-command.js'
import {statusReport} from '../../lib/output/report.js'
import {type Status, statusOf} from '../../lib/status.js'

export default class StatusCommand extends RdsCommand {
  static override summary = 'show where the migration stands, what is in effect and what comes next'
  static override description = RdsCommand.describe('Reads the journal, both databases and the app. Changes nothing.')
  static override examples = ['<%= config.bin %> <%= command.id %> --app example-app --json']
  static override args = databaseArg
  static override flags = appFlags

  async run(): Promise<Status> {
    const status = await withWorld(this.optionsOf(await this.parse(StatusCommand)), statusOf)
    for (const line of statusReport(status)) this.log(line)
    return status
  }
}
