import {startSandbox} from './sandbox.ts'
import {until} from './until.ts'
import {readJournal} from './journal-reader.ts'
const sandbox = await startSandbox()
process.once('SIGINT', () => void sandbox.stop().then(() => process.exit(1)))
try {
  const shop = await sandbox.openShop({name: 'shop', scale: Number(process.env.SCALE ?? 1), scheduleSeconds: 2})
  shop.customersCome()
  const orders = async (more: number) => {
    const n = () => shop.ledger().filter(({kind, acked}) => kind === 'order' && acked).length
    const wanted = n() + more
    await until('orders', 60, () => Promise.resolve(n() >= wanted))
  }
  const heroku = async (...args: string[]) => {
    console.log('$ heroku', args.join(' '))
    const t = Date.now()
    const {code} = await sandbox.cli(args, {env: shop.env, timeoutMs: 300_000, watch: (text) => process.stdout.write(text)})
    console.log(`→ ${code} in ${(Date.now() - t) / 1000} s`)
    return code
  }
  await orders(30)
  for (const line of (process.env.RUN ?? 'rds:start -a shop --confirm shop --until-equal;rds:status -a shop;rds:cutover -a shop --confirm shop --gate auto;rds:status -a shop').split(';')) {
    await heroku(...line.trim().split(' '))
    await orders(10)
  }
  await shop.customersLeave()
  shop.app.schedule?.pause()
  for (const type of ['web', 'worker']) shop.app.formation.scale(type, 0)
  await until('end', 30, () => Promise.resolve(shop.app.running.size === 0))
  const audit = await shop.audit(process.env.PRIMARY as 'target' ?? 'target')
  console.log(JSON.stringify({...audit, lost: audit.lostWrites.length}).slice(0, 400))
  console.log(JSON.stringify(await readJournal(shop.target.url)))
} finally { await sandbox.stop() }
