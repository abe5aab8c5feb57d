import {flags} from '../../lib/output/heroku-cli.js'

import type {Assessment} from '../../lib/assessment/assessment.js'
import {assess} from '../../lib/assessment/assess.js'
import {EXIT} from '../../lib/errors.js'
import {withWorld} from '../../lib/open.js'
import {parseDuration} from '../../lib/output/flag-values.js'
import {appFlags, databaseArg, RdsCommand} from '../../lib/output/rds-command.js'
import {assessmentReport} from '../../lib/output/report.js'

export default class Assess extends RdsCommand {
  static override summary = 'tell whether, how and how fast an app can move to RDS'
  static override description = RdsCommand.describe(
    'Reads the database, every app attached to it and, when RDS_DATABASE_URL names it, the target. Changes nothing.',
  )
  static override examples = [
    '<%= config.bin %> <%= command.id %> --app example-app',
    '<%= config.bin %> <%= command.id %> --app example-app --budget 10m --json',
  ]
  static override args = databaseArg
  static override flags = {
    ...appFlags,
    budget: flags.string({description: 'longest acceptable window, e.g. 90s, 10m, 1h'}),
  }

  async run(): Promise<Assessment> {
    const parsed = await this.parse(Assess)
    const assessment = await withWorld(this.optionsOf(parsed), (world) =>
      assess(world, parseDuration(parsed.flags.budget)),
    )
    for (const line of assessmentReport(assessment)) this.log(line)
    if (!assessment.recommendation) process.exitCode = EXIT.refused
    else if (assessment.findings.some(({level}) => level === 'unknown')) process.exitCode = EXIT.unverified
    return assessment
  }
}
