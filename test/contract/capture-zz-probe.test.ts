import {captureOf} from '/work/main/test/support/capture.js'
import {ask, contentsOf, servers} from '/work/main/test/support/servers.js'

describe('probe', () => {
  const both = servers()
  const cases: [string, string, string][] = [
    ['found as key', `create table t (found int primary key, v int); insert into t values (1,1)`, `update t set v = 2; insert into t values (2,2)`],
    ['tg_op as key', `create table t (tg_op int primary key, v int); insert into t values (1,1)`, `update t set v = 2; insert into t values (2,2)`],
    ['old/new as key', `create table t (old int, new int, primary key (old, new)); insert into t values (1,1)`, `update t set new = 2; insert into t values (2,2)`],
    ['touched/before as key', `create table t (touched int, before int, primary key (touched, before)); insert into t values (1,1)`, `update t set touched = 2; insert into t values (2,2)`],
    ['keyless found', `create table t (found int, old int, tg_argv text); insert into t values (1,1,'')`, `update t set old = 2; insert into t values (2,2,'x')`],
    ['keyless line i n', `create table t (line text, i int, n int, net int, entry int, "t" int); insert into t values ('a',1,1,1,1,1)`, `insert into t values ('b',2,2,2,2,2); update t set n = 5 where i = 1`],
    ['zero columns', `create table t (); insert into t default values`, `insert into t default values; insert into t default values`],
    ['generated key', `create table t (a int, b int generated always as (a*2) stored primary key); insert into t values (1)`, `insert into t values (3); update t set a = 7 where a = 1`],
    ['unlogged', `create unlogged table t (a int primary key); insert into t values (1)`, `insert into t values (3)`],
    ['partition tree touched', `create table t (touched int, before int, primary key (touched, before)) partition by range (touched); create table t1 partition of t default; insert into t values (1,1)`, `update t set touched = 2; insert into t values (2,2)`],
    ['inherit old', `create table t (old int primary key, new int); create table u (tg_op int) inherits (t); insert into t values (1,1)`, `update t set new = 2; insert into u values (2,2,2)`],
  ]
  for (const [name, schema, change] of cases) {
    it(name, async () => {
      const [source, target] = [await both.newSource(), await both.newTarget()]
      await ask(source.url, schema)
      const capture = await captureOf(source, target)
      await capture.start()
      await ask(source.url, change)
      await capture.catchUp()
      const [a, b] = [await contentsOf(source.superuserUrl), await contentsOf(target.superuserUrl)]
      if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(JSON.stringify([a, b]))
    })
  }
})
