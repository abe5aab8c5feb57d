import {parseArgs} from 'node:util'

import {describeProfile, isProfileName, PROFILES} from './network/profiles.js'
import {startSandbox} from './sandbox.js'

const {values} = parseArgs({
  options: {
    quiet: {type: 'boolean'},
    scale: {type: 'string', default: '1'},
    distance: {type: 'string', default: 'near'},
  },
})
const {distance} = values
if (!isProfileName(distance)) throw new Error(`--distance is one of ${Object.keys(PROFILES).join(', ')}`)

const sandbox = await startSandbox({distance})
const shop = await sandbox.openShop({
  name: 'shop',
  scale: Number(values.scale),
  ...(values.quiet ? {formation: {}} : {scheduleSeconds: 5}),
})
if (!values.quiet) shop.customersCome()

const names = [
  'HOME',
  'XDG_DATA_HOME',
  'XDG_CACHE_HOME',
  'XDG_CONFIG_HOME',
  'HEROKU_HOST',
  'HEROKU_DATA_HOST',
  'HEROKU_PARTICLEBOARD_URL',
  'HEROKU_API_KEY',
]
const switches = [
  'HEROKU_DISABLE_AUTOUPDATE',
  'HEROKU_SKIP_NEW_VERSION_CHECK',
  'DISABLE_TELEMETRY',
  'OCLIF_DISABLE_LINKED_ESM_WARNING',
]
const aws = [
  'AWS_ENDPOINT_URL',
  'AWS_REGION',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'RDS_CA_FILE',
  'RDS_DATABASE_URL',
]
const quote = (value: string) => `'${value.replaceAll("'", "'\\''")}'`

await sandbox.link()
console.log(`# The sandbox is up; it stays until Ctrl-C. In a second shell:\n`)
for (const name of [...names, ...switches, ...aws]) console.log(`export ${name}=${quote(shop.env[name] ?? '')}`)
const {NODE_OPTIONS: nodeOptions, PATH: path} = sandbox.distance.env
if (nodeOptions !== undefined) console.log(`export NODE_OPTIONS=${quote(nodeOptions)}`)
console.log(
  `export PATH=${quote(`${import.meta.dirname}/node_modules/.bin`)}:${path === undefined ? '"$PATH"' : quote(path)}`,
)
console.log(`
heroku rds:assess -a shop
heroku rds:cutover -a shop --dry-run
heroku rds:cutover -a shop

# In that shell every command is at the distance "${distance}": ${describeProfile(sandbox.distance.profile)}.
# Others: npm run sandbox -- --distance ${Object.keys(PROFILES).join('|')}

# The ledger of acknowledged writes: ${shop.ledgerFile}
# ${values.quiet ? 'Nothing writes to the shop.' : 'Customers are ordering. Start it with -- --quiet for a shop that nobody writes to.'}`)

const end = () => void sandbox.stop().then(() => process.exit(0))
process.once('SIGINT', end).once('SIGTERM', end)
