import {OWN_SCHEMA} from '../catalog.js'
import {FENCE_TRIGGER} from '../freeze/fence.js'
import {type Statement, statementsOf} from './sql-lexer.js'

/**
 * The statements of a pg_dump script that the target shall execute. Left out: extensions, which are created beforehand in
 * the schemas they have on the source (their comments belong to their owner); schemas that already exist; user mappings, which hold
 * passwords for roles that do not travel; the fence of the source; and settings the target is too old to know.
 */
export function schemaStatements(script: string, target: {major: number; schemas: ReadonlySet<string>}): Statement[] {
  return statementsOf(script).filter(({words}) => {
    const begins = (...expected: string[]) => expected.every((word, i) => words[i] === word)
    if (begins('CREATE', 'EXTENSION') || begins('COMMENT', 'ON', 'EXTENSION')) return false
    if (begins('CREATE', 'USER', 'MAPPING')) return false
    if (begins('CREATE', 'SCHEMA') && target.schemas.has(unquoted(words[2]!))) return false
    if (begins('SET', 'transaction_timeout') && target.major < 17) return false
    return !isOurs(words)
  })
}

const unquoted = (name: string): string => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name)

/** `CREATE TRIGGER heroku_rds_fence …` and `ALTER TABLE … ENABLE ALWAYS TRIGGER heroku_rds_fence`. */
function isOurs(words: readonly string[]): boolean {
  const start = words.slice(0, 3).join(' ')
  const end = words.slice(-4).join(' ')
  if (start === `CREATE TRIGGER ${FENCE_TRIGGER}` || start === `CREATE SCHEMA ${OWN_SCHEMA}`) return true
  return start.startsWith('ALTER TABLE') && end === `ENABLE ALWAYS TRIGGER ${FENCE_TRIGGER}`
}
