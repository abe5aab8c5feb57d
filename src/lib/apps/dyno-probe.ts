import {randomBytes} from 'node:crypto'

import type {AppBefore} from './app.js'
import {configForTarget} from './target-url.js'
import {refused, unverified} from '../ports/errors.js'
import type {Heroku} from '../ports/ports.js'
import type {Secret} from '../ports/secret.js'

export interface ProbedTarget {
  heroku: Heroku
  /** Without parameters. */
  targetUrl: Secret
  caFile: string
}

/** The final URL, tried where it will be used: network, certificate, credentials, and Node's own driver where the app has it. */
export async function tryFromDyno({heroku, targetUrl, caFile}: ProbedTarget, app: AppBefore): Promise<void> {
  if (app.moving.length === 0) return
  const nonce = randomBytes(8).toString('hex')
  const config = configForTarget(app, await heroku.configVars(app.name), targetUrl, caFile)
  const [url] = Object.values(config)
  const node = `const {Client}=require('pg');const c=new Client({connectionString:process.env.DATABASE_URL});c.connect().then(()=>c.end()).catch(e=>{console.error('node-postgres: '+e.message);process.exit(3)})`
  const command = `psql "$DATABASE_URL" -XAtqc "select 'reached ${nonce}'" && if node -e "require.resolve('pg')" 2>/dev/null; then node -e "${node}"; fi`
  const {exitCode, output} = await heroku.runOneOff(app.name, command, {...config, DATABASE_URL: url!})
  if (exitCode === 0 && output.includes(`reached ${nonce}`)) return
  const reason = output.trim().split('\n').filter(Boolean).at(-1) ?? 'it said nothing'
  const suggestions = [
    'the security group of the target must admit the dynos of the app',
    `the file ${caFile} must hold the certificate authority of RDS; name another with --ca-file`,
  ]
  if (exitCode === undefined)
    throw unverified(
      'dyno_probe_unknown',
      `Heroku did not tell whether ${app.name} reaches the target: ${reason}`,
      ...suggestions,
    )
  throw refused(
    'dyno_cannot_reach_target',
    `a one-off dyno of ${app.name} cannot use the target: ${reason}`,
    ...suggestions,
  )
}
