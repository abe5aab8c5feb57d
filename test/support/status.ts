import {APIClient} from '@heroku-cli/command'
import {Config} from '@oclif/core'

import type {Shop} from '../../sandbox/shop.js'
import {type Status, statusOf} from '../../src/lib/actions/status.js'
import {withWorld} from '../../src/lib/open/world.js'

/** What rds:status tells of a shop. */
export async function statusOfShop(shop: Shop): Promise<Status> {
  process.env['RDS_DATABASE_URL'] = shop.target.url
  const api = new APIClient(await Config.load(import.meta.dirname))
  const options = {api, dataDir: shop.env['HOME']!, app: shop.name, caFile: shop.env['RDS_CA_FILE']!, reading: true}
  return shop.distance.cross(() => withWorld(options, statusOf))
}
