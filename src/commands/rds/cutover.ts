import {flags} from '../../lib/output/heroku-cli.js'

import {cutOver, planCutover} from '../../lib/actions/cutover.js'
import {METHODS} from '../../lib/methods/index.js'
import {withMigration} from '../../lib/open/migration.js'
import {parseDuration, readTextFile} from '../../lib/output/flag-values.js'
import {
  appFlags,
  caFileFlag,
  changeFlags,
  databaseArg,
  keepFlag,
  preflightFlags,
  RdsCommand,
} from '../../lib/output/rds-command.js'
import {runbookReport, timelineReport} from '../../lib/output/report.js'

export default class Cutover extends RdsCommand {
  static override summary = 'move the app to RDS in one maintenance window'
  static override description = RdsCommand.describe(
    'Runs the window step by step: maintenance, freeze, the last changes or the whole copy, verify, switch, smoke test, gate. A no at the gate undoes the window, and so does a failed step, Ctrl-C or an exceeded budget before it; a copy that rds:start made stays, for another try. After a kill, the same command continues.',
  )
  static override examples = [
    '<%= config.bin %> <%= command.id %> --app example-app --dry-run',
    '<%= config.bin %> <%= command.id %> --app example-app --budget 30m --smoke-sql smoke.sql',
  ]
  static override args = databaseArg
  static override flags = {
    ...appFlags,
    ...changeFlags,
    ...caFileFlag,
    ...keepFlag,
    ...preflightFlags,
    method: flags.string({
      description: 'migration method',
      options: METHODS.filter(({available}) => available).map(({id}) => id),
    }),
    'dry-run': flags.boolean({description: 'print the runbook and its times, and do nothing'}),
    budget: flags.string({description: 'longest acceptable window, e.g. 10m; a window that would exceed it is undone'}),
    'smoke-sql': flags.string({description: 'file of SQL to try on the target before the gate; rolled back'}),
    'smoke-command': flags.string({
      description: 'command to try in a one-off dyno before the gate; what it writes stays on RDS',
    }),
    gate: flags.string({
      description: 'ask before going live, or go live without asking when every check holds',
      options: ['ask', 'auto'],
      default: 'ask',
    }),
  }

  async run(): Promise<unknown> {
    const parsed = await this.parse(Cutover)
    const {app, method, confirm, gate, budget, ...given} = parsed.flags
    if (given['dry-run']) {
      const {steps, window, ...planned} = await planCutover(this.optionsOf(parsed), method)
      for (const line of runbookReport(steps, window)) this.log(line)
      return {app, ...planned, steps: steps.map(({id, title, window: place}) => ({id, title, window: place})), window}
    }

    const settings = {
      gate: gate === 'auto' ? ('auto' as const) : ('ask' as const),
      budgetSeconds: parseDuration(budget),
      smokeSql: await readTextFile(given['smoke-sql']),
      smokeCommand: given['smoke-command'],
      keep: given.keep,
      acceptUntriedTarget: given['accept-untried-target'],
    }
    await this.confirmApp(
      app,
      confirm,
      `${app} and every other app attached to its database go into maintenance, their dynos are stopped and the database is frozen. After the switch it stays frozen, as the way back.`,
    )
    return withMigration({...this.operating(parsed, 'rds:cutover'), method, settings}, async (migration) => {
      const timeline = await cutOver(migration)
      for (const line of timelineReport(timeline)) this.log(line)
      return {app, method: migration.method.id, outcome: 'live', ...timeline}
    })
  }
}
