import {writeFile} from 'node:fs/promises'

import type {Assessment} from '../../lib/ports/assessment.js'
import {assess} from '../../lib/assessment/assess.js'
import {EXIT, failed, messageOf} from '../../lib/ports/errors.js'
import {noTarget, TARGET_URL_VAR} from '../../lib/open/target.js'
import {withWorld} from '../../lib/open/world.js'
import {htmlReport} from '../../lib/output/assessment/html.js'
import {markdownReport} from '../../lib/output/assessment/markdown.js'
import {terminalReport} from '../../lib/output/assessment/terminal.js'
import {viewOf} from '../../lib/output/assessment/view.js'
import {coloursWanted} from '../../lib/output/text.js'
import {parseDuration} from '../../lib/output/flag-values.js'
import {flags} from '../../lib/output/heroku-cli.js'
import {appFlags, caFileFlag, databaseArg, keepFlag, RdsCommand} from '../../lib/output/rds-command.js'

/** Long enough for a rate, short enough to wait for. */
const WATCH_SECONDS = 2

export default class Assess extends RdsCommand {
  static override summary = 'tell whether, how and how fast an app can move to RDS'
  static override description = RdsCommand.describe(
    'Reads the database, every app attached to it and, where RDS_DATABASE_URL names one, the target; otherwise what AWS offers. Changes nothing. Ends with 0 when at least one method is ready within the budget, 3 when none is, 4 when something could not be read.',
  )
  static override examples = [
    '<%= config.bin %> <%= command.id %> --app example-app',
    '<%= config.bin %> <%= command.id %> --app example-app --budget 10m',
    '<%= config.bin %> <%= command.id %> --app example-app --html report.html',
  ]
  static override args = databaseArg
  static override flags = {
    ...appFlags,
    budget: flags.string({aliases: ['downtime'], description: 'longest acceptable window, e.g. 90s, 10m, 1h'}),
    ...caFileFlag,
    ...keepFlag,
    html: flags.string({
      description: 'also write the report into this file, as one HTML page without external resources',
    }),
    markdown: flags.string({description: 'also write the report into this file, as Markdown'}),
    'from-dynos': flags.boolean({description: 'also try the target from a one-off dyno of each app'}),
    'probe-replication': flags.boolean({
      description:
        'create a logical replication slot on the source and drop it again: the only proof that logical decoding works',
    }),
  }

  async run(): Promise<Assessment> {
    const parsed = await this.parse(Assess)
    const budgetSeconds = parseDuration(parsed.flags.budget)
    if (parsed.flags['from-dynos'] && !process.env[TARGET_URL_VAR]) throw noTarget()
    const assessment = await withWorld({...this.optionsOf(parsed), reading: true}, (world) =>
      assess(world, {
        budgetSeconds,
        watchSeconds: WATCH_SECONDS,
        measureLines: true,
        keep: parsed.flags.keep,
        trialSlot: parsed.flags['probe-replication'],
        ...(parsed.flags['from-dynos'] && world.targetUrl
          ? {fromDynos: {targetUrl: world.targetUrl, caFile: world.caFile}}
          : {}),
      }),
    )
    const view = viewOf(assessment)
    this.logStyled(terminalReport(view), {colour: coloursWanted()})
    await this.#keep(parsed.flags.markdown, markdownReport(view))
    await this.#keep(parsed.flags.html, htmlReport(view))
    if (!assessment.recommendation) process.exitCode = EXIT.refused
    else if (assessment.findings.some(({level}) => level === 'unknown')) process.exitCode = EXIT.unverified
    return assessment
  }

  async #keep(file: string | undefined, report: string): Promise<void> {
    if (file === undefined) return
    try {
      await writeFile(file, report)
    } catch (error) {
      throw failed('not_written', `the report could not be written to ${file}: ${messageOf(error)}`)
    }
    this.log()
    this.log(`Written to ${file}`)
  }
}
