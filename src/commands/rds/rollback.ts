import {rollBack} from '../../lib/actions/rollback.js'
import {withMigration} from '../../lib/open/migration.js'
import {appFlags, changeFlags, databaseArg, RdsCommand} from '../../lib/output/rds-command.js'

export default class Rollback extends RdsCommand {
  static override summary = 'bring the app back to Heroku Postgres'
  static override description = RdsCommand.describe(
    'Undoes every step of the window, newest first: the app gets its database, attachments, formation and maintenance state back as they were. A copy that rds:start made stays, for another try. Refuses, naming the rows that would be lost, once writes have landed on RDS.',
  )
  static override examples = ['<%= config.bin %> <%= command.id %> --app example-app']
  static override args = databaseArg
  static override flags = {...appFlags, ...changeFlags}

  async run(): Promise<{app: string; undone: string[]}> {
    const parsed = await this.parse(Rollback)
    const {app, confirm} = parsed.flags
    await this.confirmApp(app, confirm, `${app} goes back to Heroku Postgres; a copy made in the window is dropped.`)
    const undone = await withMigration(this.operating(parsed, 'rds:rollback'), rollBack)
    this.log(undone.length === 0 ? 'nothing to roll back' : `${app} is back on Heroku Postgres`)
    return {app, undone}
  }
}
