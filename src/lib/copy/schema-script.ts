import {OWN_SCHEMA} from '../postgres/catalog.js'
import {forCurrentUser} from './policy-roles.js'
import {nameIn, type Statement, statementsOf} from './sql-lexer.js'

/** What the statements have to be made to fit. */
export interface Executing {
  /** That the target has. */
  schemas: ReadonlySet<string>
  /** The role of the source in whose place the role of the target steps. */
  owner: string
}

/**
 * The statements of a pg_dump script for the target to execute. Left out: extensions, which are created beforehand in
 * the schemas they have on the source (their comments belong to their owner); schemas that already exist; user mappings, which hold
 * passwords for roles that do not travel; event triggers, which RDS lets only the master create, and of which Heroku has its own in every
 * database; security labels, which mean something to a module of the server alone; the tool's own triggers on the source; and pg_dump's
 * own time limits and search path: those of the session hold. Policies for the source's owner become those of the role that executes them.
 */
export function schemaStatements(script: string, {schemas, owner}: Executing): Statement[] {
  const kept = statementsOf(script).filter(({words}) => {
    const begins = (...expected: string[]) => expected.every((word, i) => words[i] === word)
    if (begins('CREATE', 'EXTENSION') || begins('COMMENT', 'ON', 'EXTENSION')) return false
    if (begins('CREATE', 'USER', 'MAPPING')) return false
    if (begins('CREATE', 'EVENT') || begins('ALTER', 'EVENT') || begins('COMMENT', 'ON', 'EVENT')) return false
    if (begins('CREATE', 'SCHEMA') && schemas.has(nameIn(words[2]!))) return false
    if (begins('SECURITY', 'LABEL')) return false
    if (begins('SET') && words[1]!.endsWith('_timeout')) return false
    if (begins('SELECT', 'pg_catalog', 'set_config')) return false
    return !isOurs(words)
  })
  return kept.map((statement) =>
    statement.words[0] === 'CREATE' && statement.words[1] === 'POLICY' ? forCurrentUser(statement, owner) : statement,
  )
}

/** `CREATE TRIGGER heroku_rds_… …`, and `ALTER TABLE … ENABLE ALWAYS TRIGGER heroku_rds_…`. */
function isOurs(words: readonly string[]): boolean {
  const [create, what, name] = words
  if (create === 'CREATE' && what === 'SCHEMA') return nameIn(name!) === OWN_SCHEMA
  const ofOurs = (trigger: string) => nameIn(trigger).startsWith(`${OWN_SCHEMA}_`)
  if (create === 'CREATE' && what === 'TRIGGER') return ofOurs(name!)
  return create === 'ALTER' && words.slice(-4, -1).join(' ') === 'ENABLE ALWAYS TRIGGER' && ofOurs(words.at(-1)!)
}
