import {expect} from 'chai'

import {chunkQueue, type Load, smallOf} from '../../src/lib/copy/chunk-queue.js'
import type {TablePlan} from '../../src/lib/copy/chunk-state.js'
import {chunkBytes, chunksOf, copyStatements} from '../../src/lib/copy/chunks.js'
import {tableFinisher, type Work} from '../../src/lib/copy/finish-tables.js'
import type {Build} from '../../src/lib/copy/post-data.js'
import {ReadyQueue} from '../../src/lib/copy/ready-queue.js'
import type {CopyTable} from '../../src/lib/copy/tables.js'

const MB = 1024 ** 2
const tableOf = (name: string, bytes: number, pages: number, divisible = true): CopyTable => ({
  name: `"public"."${name}"`,
  goesTo: `"public"."${name}"`,
  columns: ['"a"', '"b"'],
  bytes,
  pages,
  filenode: '1',
  binary: true,
  divisible,
})

describe('chunks', () => {
  it('cover every page once, whatever the sizes, and the last one has no end', () => {
    for (let round = 0; round < 50; round++) {
      const pages = Math.floor(Math.random() ** 4 * 1e5)
      const bytes = Math.floor(pages * 8192 * (1 + Math.random() * 20))
      const chunks = chunksOf(tableOf('t', bytes, pages), 32 * MB)
      expect(chunks[0]!.firstPage).to.equal(0)
      expect(chunks.at(-1)!.nextPage).to.equal(null)
      for (const [i, {firstPage, nextPage}] of chunks.slice(0, -1).entries()) {
        expect(nextPage).to.equal(chunks[i + 1]!.firstPage)
        expect(nextPage).to.be.above(firstPage)
      }
    }
  })

  it('are about 32 MB each, or what a lane gets over a slow line in two seconds', () => {
    const chunks = (bytes: number, pages: number, divisible = true) =>
      chunksOf(tableOf('t', bytes, pages, divisible), chunkBytes(2, undefined)).length
    expect(chunks(320 * MB, 1000)).to.equal(10)
    expect(chunks(40 * MB, 5000)).to.equal(1)
    expect(chunks(0, 0)).to.equal(1)
    expect(chunks(1000 * MB, 3)).to.equal(3)
    expect(chunks(320 * MB, 1000, false)).to.equal(1)
    expect([100e6, 12.5e6, 2.5e6, 1e3].map((line) => chunkBytes(2, line))).to.deep.equal([
      32 * MB,
      12.5e6,
      2.5e6,
      2 * MB,
    ])
    expect(chunkBytes(16, 12.5e6)).to.equal(2 * MB)
  })

  it('are about equal, but no two of them end together', () => {
    const chunks = chunksOf(tableOf('t', 640 * MB, 80_000), 32 * MB)
    const pages = chunks.map(({firstPage, nextPage}) => (nextPage ?? 80_000) - firstPage)
    for (const count of pages) expect(count).to.be.within(2000, 6000)
    expect(new Set(pages.map((count) => Math.round(count / 40))).size).to.be.above(10)
    expect(chunks.reduce((sum, {bytes}) => sum + bytes, 0)).to.be.closeTo(640 * MB, 20)
    const few = chunksOf(tableOf('t', 640 * MB, 20), 32 * MB)
    expect(few.map(({firstPage}) => firstPage)).to.deep.equal(Array.from({length: 20}, (_, nth) => nth))
  })

  it('are read with ONLY and by name of column; a whole table is read as such', () => {
    const table = tableOf('t', 64 * MB, 100)
    const [first, second] = chunksOf(table, 32 * MB)
    expect(copyStatements(table, first!).out).to.equal(
      `copy (select "a", "b" from only "public"."t" where ctid < '(${second!.firstPage},0)') to stdout (format binary)`,
    )
    expect(copyStatements(table, second!)).to.deep.equal({
      out: `copy (select "a", "b" from only "public"."t" where ctid >= '(${second!.firstPage},0)') to stdout (format binary)`,
      into: 'copy "public"."t" ("a", "b") from stdin (format binary)',
    })
    const whole = {...table, binary: false, columns: []}
    expect(copyStatements(whole, {firstPage: 0, nextPage: null, bytes: 0}).out).to.equal('copy "public"."t" to stdout')
  })
})

describe('the queue of chunks', () => {
  const planOf = (name: string, chunks: number): TablePlan => {
    const table = tableOf(name, chunks * 32 * MB, chunks * 10)
    return {table, chunks: chunksOf(table, 32 * MB).map((chunk) => ({...chunk, snapshot: null}))}
  }

  const smallPlan = (name: string, bytes: number): TablePlan => {
    const table = tableOf(name, bytes, 1)
    return {table, chunks: chunksOf(table, 32 * MB).map((chunk) => ({...chunk, snapshot: null}))}
  }
  const placesOf = (load: Load) => load.map(({plan, chunk}) => `${plan.table.name} ${chunk.firstPage}`)

  it('keeps a lane at its table, and shares one only when no other is left', () => {
    const queue = chunkQueue([planOf('large', 6), planOf('small', 1)], smallOf(32 * MB))
    const name = (taken: ReturnType<typeof queue.take>) =>
      taken && `${taken[0]!.plan.table.name.slice(10, -1)} ${taken[0]!.plan.chunks.indexOf(taken[0]!.chunk)}`
    const first = queue.take()
    const second = queue.take()
    expect([name(first), name(second)]).to.deep.equal(['large 0', 'small 0'])
    const third = queue.take(first)
    expect(name(third)).to.equal('large 1')
    const helping = queue.take(second)
    expect(name(helping)).to.equal('large 4')
    expect(name(queue.take(helping))).to.equal('large 5')
    expect(name(queue.take(third))).to.equal('large 2')
  })

  it('hands out every chunk exactly once, to any number of lanes, failures included', () => {
    for (let round = 0; round < 300; round++) {
      const plans = Array.from({length: 1 + Math.floor(Math.random() * 6)}, (_, i) =>
        planOf(`t${i}`, 1 + Math.floor(Math.random() * 20)),
      )
      plans.push(...Array.from({length: Math.floor(Math.random() * 300)}, (_, i) => smallPlan(`s${i}`, i)))
      const queue = chunkQueue(plans, smallOf(32 * MB))
      const lanes: ReturnType<typeof queue.take>[] = Array.from({length: 1 + Math.floor(Math.random() * 5)})
      const done: string[] = []
      for (let idle = 0; idle < lanes.length;) {
        const lane = Math.floor(Math.random() * lanes.length)
        const next = queue.take(lanes[lane])
        idle = next ? 0 : idle + 1
        lanes[lane] = next
        if (!next) continue
        if (Math.random() < 0.1) queue.putBack(next)
        else done.push(...placesOf(next))
      }
      while (true) {
        const next = queue.take()
        if (!next) break
        done.push(...placesOf(next))
      }
      const all = plans.flatMap(({table, chunks}) => chunks.map(({firstPage}) => `${table.name} ${firstPage}`))
      expect(done.sort()).to.deep.equal(all.sort())
    }
  })

  it('leaves out what has been copied', () => {
    const plan = planOf('t', 3)
    plan.chunks[1]!.snapshot = 'before'
    const queue = chunkQueue([plan], smallOf(32 * MB))
    const taken = [queue.take(), queue.take(), queue.take()].map((next) => next?.[0]!.chunk)
    expect(taken).to.have.members([plan.chunks[0], plan.chunks[2], undefined])
  })

  it('gives small tables together, bounded by their number and their bytes, after the large ones', () => {
    const small = Array.from({length: 250}, (_, i) => smallPlan(`s${i}`, 8192))
    const medium = Array.from({length: 3}, (_, i) => smallPlan(`m${i}`, 3 * MB))
    const queue = chunkQueue([planOf('large', 2), ...medium, ...small], smallOf(32 * MB))
    const sizes: number[] = []
    for (let next = queue.take(); next; next = queue.take(next)) sizes.push(next.length)
    expect(sizes).to.deep.equal([1, 1, 1, 1, 100, 100, 51])
  })

  it('gives the others of a load back when one of them is dropped', () => {
    const plans = ['a', 'b', 'c'].map((name) => smallPlan(name, 8192))
    const queue = chunkQueue(plans, smallOf(32 * MB))
    queue.putBack(queue.take()!)
    queue.drop(plans[1]!)
    expect(queue.take()!.map(({plan}) => plan)).to.deep.equal([plans[0], plans[2]])
    expect(queue.take()).to.equal(undefined)
  })

  it('gives nothing more of a table that is dropped, and all of the others', () => {
    const [moved, other] = [planOf('moved', 4), planOf('other', 2)]
    const queue = chunkQueue([moved, planOf('small', 1), other], smallOf(32 * MB))
    const [first, second] = [queue.take()!, queue.take()!]
    queue.putBack(queue.take(first)!)
    queue.drop(moved)
    queue.drop(second[0]!.plan)
    const rest = [queue.take(first), queue.take(second), queue.take(), queue.take()]
    expect(rest.map((next) => next?.[0]!.plan)).to.have.members([other, other, undefined, undefined])
  })
})

describe('the queue of what is ready', () => {
  it('gives the largest first, lets takers wait, and ends when it is closed', async () => {
    const queue = new ReadyQueue<{bytes: number}>()
    const one = {items: 1, bytes: 0}
    const early = queue.take(one)
    expect(queue.idle()).to.equal(1)
    queue.add({bytes: 1}, {bytes: 3}, {bytes: 2})
    expect(await early).to.deep.equal([{bytes: 3}])
    expect(await queue.take(one)).to.deep.equal([{bytes: 2}])
    const last = queue.take(one)
    const none = queue.take(one)
    queue.close()
    expect(await last).to.deep.equal([{bytes: 1}])
    expect(await none).to.deep.equal([])
  })

  it('gives together what is small, and a large one alone', async () => {
    const queue = new ReadyQueue<{bytes: number}>()
    queue.add(...[9, 3, 3, 2, 1, 0, 0].map((bytes) => ({bytes})))
    queue.close()
    const taken: number[][] = []
    for (
      let some = await queue.take({items: 3, bytes: 8});
      some.length > 0;
      some = await queue.take({items: 3, bytes: 8})
    )
      taken.push(some.map(({bytes}) => bytes))
    expect(taken).to.deep.equal([[9], [3, 3, 2], [1, 0, 0]])
  })
})

describe('what a table still needs when its rows are there', () => {
  const part = (name: string, goesTo = name): TablePlan => {
    const table = {...tableOf(name, MB, 10), goesTo: `"public"."${goesTo}"`}
    return {table, chunks: [{firstPage: 0, nextPage: null, bytes: MB, snapshot: null}]}
  }
  const indexOf = (name: string, callsApp: boolean): Build => {
    return {name, callsApp, bytes: 1, create: {sql: '', words: []}, then: []}
  }

  async function readyAfter(plans: readonly TablePlan[], landing: readonly TablePlan[], builds: Map<string, Build[]>) {
    const work = new ReadyQueue<Work>()
    const arrived = tableFinisher(work, plans, {builds, deleteTouched: () => Promise.resolve()})
    const ready: string[] = []
    for (const plan of landing) {
      for (const chunk of plan.chunks) chunk.snapshot = `of ${plan.table.name}`
      arrived(plan)
    }
    work.close()
    const one = {items: 1, bytes: 0}
    for (let [next] = await work.take(one); next; [next] = await work.take(one)) {
      ready.push(`${next.what} ${next.table}`)
      next.done()
    }
    return ready
  }

  it('an index that calls the app waits for the last table of all; others do not', async () => {
    const [items, words] = [part('items'), part('words')]
    const builds = new Map([[items.table.name, [indexOf('plain', false), indexOf('clever', true)]]])
    expect(await readyAfter([items, words], [items], builds)).to.deep.equal(['index plain "public"."items"'])
    const all = [part('items'), part('words')]
    expect(await readyAfter(all, all, builds)).to.include.members([
      'index plain "public"."items"',
      'index clever "public"."items"',
      'statistics "public"."items"',
      'statistics "public"."words"',
    ])
  })

  it('partitions whose rows go through the root are one: finished with the last of them, with what all of them missed deleted first', async () => {
    const parts = [part('votes_0', 'votes'), part('votes_1', 'votes')]
    expect(await readyAfter(parts, parts.slice(0, 1), new Map())).to.deep.equal([])
    const again = [part('votes_0', 'votes'), part('votes_1', 'votes')]
    expect(await readyAfter(again, again, new Map())).to.deep.equal([
      'changes "public"."votes"',
      'statistics "public"."votes"',
    ])
  })
})
