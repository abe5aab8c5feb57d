import {withWorld} from '../../lib/open/world.js'
import {appFlags, databaseArg, RdsCommand} from '../../lib/output/rds-command.js'
import {statusOf} from '../../lib/actions/status.js'

export default class Rds extends RdsCommand {
  static override summary = 'show where the migration of an app stands and the one command to run next'
  static override description = RdsCommand.describe('Changes nothing.')
  static override examples = ['<%= config.bin %> <%= command.id %> --app example-app']
  static override args = databaseArg
  static override flags = appFlags

  async run(): Promise<{app: string; phase: string; next: string}> {
    const {app, phase, next} = await withWorld(this.optionsOf(await this.parse(Rds)), statusOf)
    this.log(`${app}: ${phase}`)
    this.log(`Next: ${next}`)
    return {app, phase, next}
  }
}
