import type {QueryResult} from 'pg'

import {queryOneBy} from '../postgres/query-one.js'
import type {Session, Transaction} from '../ports/ports.js'

/** A session that takes statements ahead of others in one message, whose results nobody asks for. */
export interface Connected extends Session {
  send(sql: string, values?: readonly unknown[]): Promise<QueryResult>
  copyOut(sql: string, ahead?: readonly string[]): ReturnType<Session['copyOut']>
  copyIn(sql: string, ahead?: readonly string[]): ReturnType<Session['copyIn']>
}

/**
 * A transaction that costs as few messages as it can: it begins with its first statement, and what is to go last goes with its commit.
 * Only a first statement with parameters costs a message more. `commit` is false where there was nothing left but to roll back,
 * because an error had been swallowed; `rollback` has statements with it that come afterwards.
 */
export function transactionOn(
  connected: Connected,
  begin: readonly string[],
): {
  session: Transaction
  commit: () => Promise<boolean>
  rollback: (then: readonly string[]) => Promise<void>
} {
  const last: string[] = []
  let begun = false
  const opening = (): readonly string[] => {
    const ahead = begun ? [] : begin
    begun = true
    return ahead
  }
  const query = async <Row>(sql: string, values?: readonly unknown[]): Promise<Row[]> => {
    const ahead = opening()
    if (values === undefined) return connected.query<Row>([...ahead, sql].join('; '))
    if (ahead.length > 0) await connected.send(ahead.join('; '))
    return connected.query<Row>(sql, values)
  }
  return {
    session: {
      query,
      queryOne: queryOneBy(query),
      copyOut: (sql) => connected.copyOut(sql, opening()),
      copyIn: (sql) => connected.copyIn(sql, opening()),
      lastly: (sql) => last.push(sql),
    },
    async commit() {
      const {command} = await connected.send([...opening(), ...last, 'commit'].join('; '))
      return command === 'COMMIT'
    },
    async rollback(then) {
      await connected.send([...opening(), 'rollback', ...then].join('; '))
    },
  }
}
