import {psqlOnTarget} from '../../lib/open/target.js'
import {flags} from '../../lib/output/heroku-cli.js'
import {appFlags, RdsCommand} from '../../lib/output/rds-command.js'

export default class Psql extends RdsCommand {
  static override summary = 'open a psql session on the target'
  static override description = RdsCommand.describe(
    'heroku pg:psql no longer reaches the database once the app runs on RDS. Needs psql on this machine.',
  )
  static override examples = [
    '<%= config.bin %> <%= command.id %> --app example-app',
    '<%= config.bin %> <%= command.id %> --app example-app --command "select count(*) from users"',
  ]
  static override enableJsonFlag = false
  static override flags = {
    ...appFlags,
    command: flags.string({char: 'c', description: 'SQL to run instead of an interactive session'}),
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Psql)
    process.exitCode = await psqlOnTarget({
      ...this.optionsOf({args: {}, flags: parsed.flags}),
      command: parsed.flags.command,
    })
  }
}
