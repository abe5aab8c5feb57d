import type {Shop} from '../../sandbox/shop.js'
import type {Sandbox} from '../../sandbox/sandbox.js'
import {CHECKS} from '../../src/lib/assessment/assess.js'
import targetChecks from '../../src/lib/assessment/checks/target/index.js'
import type {Assessment, Finding} from '../../src/lib/ports/assessment.js'
import {ask} from '../stage.js'
import {METHOD} from './operating.js'

/** What stands in the way, what was done about it, and what is left. */
export interface Assessed {
  /** Ids of the checks that found a blocker at first. */
  blockers: string[]
  warnings: number
  remedies: Remedy[]
  /** Blockers that are still there, in words. */
  left: string[]
}

export interface Remedy {
  check: string
  sql: string
  by: 'master' | 'owner' | 'provider'
  /** The refusal; left out where it worked. */
  refused?: string
}

const ROUNDS = 5
const IS_SQL = /^(alter|create|delete|drop|grant|refresh|revoke|select|set|update|vacuum)\b/

/** Assesses, runs every remedy that is SQL, and assesses again, for as long as that brings something new. */
export async function assessAndCure(
  sandbox: Sandbox,
  shop: Shop,
  assess: () => Promise<Assessment>,
): Promise<Assessed> {
  const first = await assess()
  const assessed: Assessed = {
    blockers: [...new Set(hindrances(first).map(({check}) => check))],
    warnings: first.findings.filter(({level}) => level === 'warning').length,
    remedies: [],
    left: [],
  }
  const tried = new Set<string>()
  let found = hindrances(first)
  for (let round = 0; round < ROUNDS; round++) {
    const curable = found.filter(({fix}) => fix !== undefined && IS_SQL.test(fix) && !tried.has(fix))
    if (curable.length === 0) break
    for (const {check, fix} of curable) {
      tried.add(fix!)
      assessed.remedies.push(await run(sandbox, shop, check, fix!))
    }
    found = hindrances(await assess())
  }
  assessed.left = found.map(({check, what}) => `${check}: ${what}`)
  return assessed
}

const hindrances = ({findings}: Assessment): Finding[] =>
  findings.filter(
    ({level, methods, advisory, decisive}) =>
      (level === 'blocker' || (level === 'unknown' && decisive)) &&
      !advisory &&
      (methods.length === 0 || methods.includes(METHOD)),
  )

/** On the side that the check is about, by those who could, the least privileged first. */
async function run({source, target}: Sandbox, shop: Shop, check: string, sql: string): Promise<Remedy> {
  const example = CHECKS.find(({id}) => id === check)?.example
  const side = example && 'on' in example ? example.on : targetChecks.some(({id}) => id === check) ? 'target' : 'source'
  const onSource = side === 'source' || /^drop extension [^;]*$/.test(sql)
  const ways: [Remedy['by'], string][] = onSource
    ? [
        ['owner', shop.source.url],
        ['provider', source.superuserUrl(shop.source.database)],
      ]
    : [
        ['owner', shop.target.url],
        ['master', shop.target.masterUrl],
        ['provider', target.superuserUrl(shop.target.database)],
      ]
  let refused = ''
  for (const [by, url] of ways) {
    try {
      await ask(url, sql)
      return {check, sql, by}
    } catch (error) {
      refused ||= (error as Error).message
    }
  }
  return {check, sql, by: 'owner', refused}
}
