import {EXIT, failed, wrongUsage} from '../../lib/ports/errors.js'
import {besideOperator} from '../../lib/open/migration.js'
import {flags} from '../../lib/output/heroku-cli.js'
import {verificationReport, type VerificationResult} from '../../lib/output/report.js'
import {appFlags, databaseArg, RdsCommand} from '../../lib/output/rds-command.js'
import {verifyNow} from '../../lib/actions/verify.js'
import {forward} from '../../lib/runbook/migration.js'

export default class Verify extends RdsCommand {
  static override summary = 'prove that every row on RDS equals the one on Heroku Postgres, while the app runs'
  static override description = RdsCommand.describe(
    'Compares every row of one source snapshot with the target as it was synced to that snapshot, while the app and rds:start keep running; names table and columns of each difference, and its row by a name that is good for this run: no contents of rows are shown, unless --show-rows asks for the keys. It holds back vacuum on the source for as long as it takes.',
    {
      [EXIT.failed]: 'rows differ, or it failed',
      [EXIT.unverified]:
        'could not verify: a table was truncated or rewritten during the comparison, or a snapshot was lost',
    },
  )
  static override examples = [
    '<%= config.bin %> <%= command.id %> --app example-app',
    '<%= config.bin %> <%= command.id %> --app example-app --sample',
    '<%= config.bin %> <%= command.id %> --app example-app --show-rows',
    '<%= config.bin %> <%= command.id %> --app example-app --nice --json',
  ]
  static override args = databaseArg
  static override flags = {
    ...appFlags,
    repair: flags.boolean({
      description: 'let the next sync copy again the rows that differ, for example after a failover of the source',
    }),
    sample: flags.boolean({
      description: 'compare a thousand rows of each table that has a key: a quick look, no proof',
      exclusive: ['repair', 'nice'],
    }),
    'show-rows': flags.boolean({
      description: 'name rows that differ by their keys, or by all they hold where they have none; not with --json',
    }),
    nice: flags.boolean({description: 'leave both servers alone three quarters of the time'}),
  }

  async run(): Promise<VerificationResult> {
    const parsed = await this.parse(Verify)
    const showRows = parsed.flags['show-rows']
    if (showRows && this.jsonEnabled())
      throw wrongUsage('rows_are_not_for_json', 'the contents of rows are for the terminal only', 'leave --json out')
    const begun = Date.now()
    const verification = await besideOperator(this.operating(parsed, 'rds:verify'), (migration) =>
      verifyNow(forward(migration), {
        rest: parsed.flags.nice ? 3 : 0,
        repair: parsed.flags.repair,
        sample: parsed.flags.sample,
      }),
    )
    const {app} = parsed.flags
    const {result, lines} = verificationReport(app, verification, (Date.now() - begun) / 1000, {showRows})
    for (const line of lines) this.log(line)
    if (!result.equal) {
      const unread = result.differences.length === 0
      process.exitCode = unread ? EXIT.unverified : EXIT.failed
      if (unread) return result
      if (!this.jsonEnabled()) {
        throw failed(
          'not_equal',
          'source and target differ',
          ...(showRows ? [] : ['heroku rds:verify --show-rows shows which rows, on the terminal only']),
          'heroku rds:verify --repair lets the next sync copy these rows again, where their table has a key',
          'heroku rds:start --abandon, then heroku rds:start, copies everything again',
        )
      }
    }
    return result
  }
}
