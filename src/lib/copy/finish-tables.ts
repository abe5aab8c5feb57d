import type {Session} from '../ports/ports.js'
import {buildIndex, finishTable} from './build-indexes.js'
import type {TablePlan} from './chunk-state.js'
import type {Build} from './post-data.js'
import type {ReadyQueue} from './ready-queue.js'
import type {CopyTable} from './tables.js'

/** What happens to a table once its rows are there. */
export interface Work {
  what: string
  table: string
  bytes: number
  run(session: Session): Promise<void>
  done(): void
}

export interface Finishing {
  builds: ReadonlyMap<string, Build[]>
  deleteTouched: ((to: Session, table: CopyTable) => Promise<void>) | undefined
}

/**
 * To be called with each table whose last row has landed: what it still needs becomes ready to be done, one thing after the other –
 * rows touched meanwhile deleted where its chunks are of several snapshots, indexes built, statistics gathered. The queue is closed when the last of them is finished.
 */
export function tableFinisher(
  work: ReadyQueue<Work>,
  tables: number,
  {builds, deleteTouched}: Finishing,
): (plan: TablePlan) => void {
  let unfinished = tables
  if (unfinished === 0) work.close()
  return ({table: copied, chunks}) => {
    const table = copied.name
    const list = builds.get(table) ?? []
    const finish = () =>
      work.add({
        what: 'statistics',
        table,
        bytes: 0,
        run: (session) => finishTable(session, table, list),
        done: () => --unfinished === 0 && work.close(),
      })
    const build = () => {
      let unbuilt = list.length
      if (unbuilt === 0) finish()
      for (const index of list) {
        work.add({
          what: `index ${index.name}`,
          table,
          bytes: index.bytes,
          run: (session) => buildIndex(session, index, work.idle()),
          done: () => --unbuilt === 0 && finish(),
        })
      }
    }
    const mixed = new Set(chunks.map(({snapshot}) => snapshot)).size > 1
    if (deleteTouched && mixed) {
      work.add({what: 'changes', table, bytes: 0, run: (session) => deleteTouched(session, copied), done: build})
    } else build()
  }
}
