import {nameIn, type Statement, tokensOf} from './sql-lexer.js'

/**
 * A `CREATE POLICY` of a dump as the target's role has to execute it: in its list of roles, the current role
 * stands for the source's owner. The list ends at USING or WITH CHECK; as a name of anything, each of these words stands in quotes.
 */
export function forCurrentUser({sql, words}: Statement, owner: string): Statement {
  let changed = ''
  let copied = 0
  let inList = false
  for (const {kind, text, at} of tokensOf(sql)) {
    const keyword = kind === 'word' ? text.toUpperCase() : ''
    if (keyword === 'USING' || keyword === 'WITH') break
    if (inList && (kind === 'name' || kind === 'word') && nameIn(text) === owner) {
      changed += `${sql.slice(copied, at)}CURRENT_USER`
      copied = at + text.length
    }
    if (keyword === 'TO') inList = true
  }
  return {sql: changed + sql.slice(copied), words}
}
