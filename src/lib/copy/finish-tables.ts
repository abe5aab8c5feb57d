import type {Session} from '../ports/ports.js'
import type {TableName} from '../postgres/tables.js'
import {isUnfinished, type TablePlan} from './chunk-state.js'
import type {Build} from './post-data.js'
import type {ReadyQueue} from './ready-queue.js'
import type {Statement} from './sql-lexer.js'

/** What happens to a table once its rows are there. */
export interface Work {
  what: string
  table: TableName
  bytes: number
  /** Comes before its statements. */
  prepare?: (session: Session) => Promise<void>
  statements: readonly Statement[]
  /** The planner learns then what is there. */
  analyze?: true
  done(): void
}

export interface Finishing {
  builds: ReadonlyMap<string, Build[]>
  deleteTouched: ((to: Session, name: TableName) => Promise<void>) | undefined
}

/**
 * To be told of each table that has landed whole: when all that goes to the same place has, what it still needs becomes ready to be
 * done, one thing after the other – rows touched meanwhile deleted where its chunks are of several snapshots, indexes built, statistics
 * gathered. Indexes that the app's own functions compute wait for the last row of all, which these may look for. The queue is closed
 * when the last table is finished.
 */
export function tableFinisher(
  work: ReadyQueue<Work>,
  plans: readonly TablePlan[],
  {builds, deleteTouched}: Finishing,
): (plan: TablePlan) => void {
  const groups = new Map<TableName, TablePlan[]>()
  for (const plan of plans) groups.set(plan.table.goesTo, [...(groups.get(plan.table.goesTo) ?? []), plan])
  let [unfinished, onTheirWay] = [groups.size, groups.size]
  if (unfinished === 0) work.close()
  let late: (() => void)[] = []

  const finish = (table: TableName, list: readonly Build[]) =>
    work.add({
      what: 'statistics',
      table,
      bytes: 0,
      statements: list.flatMap(({then}) => then),
      analyze: true,
      done: () => --unfinished === 0 && work.close(),
    })
  const build = (table: TableName, list: readonly Build[]) => {
    let unbuilt = list.length
    if (unbuilt === 0) finish(table, list)
    for (const index of list) {
      const add = () =>
        work.add({
          what: `index ${index.name}`,
          table,
          bytes: index.bytes,
          statements: [index.create],
          done: () => --unbuilt === 0 && finish(table, list),
        })
      if (index.callsApp && onTheirWay > 0) late.push(add)
      else add()
    }
  }
  return ({table: {goesTo: table}}) => {
    const group = groups.get(table)
    if (!group || group.some(isUnfinished)) return
    groups.delete(table)
    onTheirWay--
    const list = group.flatMap((plan) => builds.get(plan.table.name) ?? [])
    const mixed = new Set(group.flatMap(({chunks}) => chunks.map(({snapshot}) => snapshot))).size > 1
    if (deleteTouched && mixed) {
      const prepare = (session: Session) => deleteTouched(session, table)
      work.add({what: 'changes', table, bytes: 0, prepare, statements: [], done: () => build(table, list)})
    } else build(table, list)
    if (onTheirWay > 0) return
    for (const add of late) add()
    late = []
  }
}
