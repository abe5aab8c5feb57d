import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {setStage} from './stage.js'
import {SHAPES} from './shapes.js'
const shape = process.argv[2] ?? 'shop'
let t = performance.now()
const stage = await setStage(SHAPES[shape]!(Number(process.argv[3] ?? 0.2)))
console.log(
  'prepared',
  (performance.now() - t) / 1000,
  await stage.source.superuser(
    stage.database.database,
    `select pg_size_pretty(sum(pg_table_size(oid))) t, pg_size_pretty(sum(pg_indexes_size(oid))) i from pg_class where relkind='r' and relnamespace='public'::regnamespace`,
  ),
)
const run = async (name: string, cmd: string, args: string[], env: NodeJS.ProcessEnv) => {
  const tgt = await stage.newTarget()
  t = performance.now()
  const p = spawn(cmd, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      ...env,
      BENCH_SOURCE: stage.database.url,
      BENCH_TARGET: tgt.url,
      BENCH_CA: stage.caFile,
      S: stage.database.url + '?sslmode=require',
      T: tgt.url,
    },
  })
  const [code] = await once(p, 'exit')
  console.log(name, code, ((performance.now() - t) / 1000).toFixed(2) + ' s')
  await stage.drop(tgt)
}
try {
  for (let i = 0; i < Number(process.argv[4] ?? 2); i++) {
    await run(
      'ours',
      process.execPath,
      ['--import', 'tsx-loader', 'bench/copy/ours.ts'],
      i === 0 ? {BENCH_VERBOSE: '1'} : {},
    )
    if (!process.env.ONLY)
      await run(
        'pgcopydb',
        'sh',
        [
          '-c',
          'rm -rf /tmp/pgc; pgcopydb clone --dir /tmp/pgc --no-owner --no-acl --no-role-passwords --table-jobs 4 --index-jobs 4 --source "$S" --target "$T" > /tmp/pgc.log 2>&1',
        ],
        {},
      )
  }
} finally {
  await stage.stop()
}
