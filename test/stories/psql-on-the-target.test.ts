import {chmodSync, mkdirSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'

import {expect} from 'chai'

import {useSandbox} from '../support/world.js'

describe('rds:psql', () => {
  const world = useSandbox()
  const node = dirname(process.execPath)

  it('gives psql the credential by environment, asks for full verification, and passes its exit code on', async () => {
    const shop = await world.sandbox.openShop({formation: {}})
    const bin = join(world.sandbox.home, 'bin')
    mkdirSync(bin)
    const told =
      'echo "args: $*"; echo "mode: $PGSSLMODE, user: $PGUSER, password: $PGPASSWORD"; head -n 1 "$PGSSLROOTCERT"; exit 7'
    writeFileSync(join(bin, 'psql'), `#!/bin/sh\n${told}\n`)
    chmodSync(join(bin, 'psql'), 0o755)

    const args = ['rds:psql', '--app', shop.name, '--command', 'select 1']
    const {code, stdout} = await world.sandbox.cli(args, {env: {...shop.env, PATH: `${bin}:${node}:/usr/bin:/bin`}})
    expect(code).to.equal(7)
    expect(stdout).to.contain('args: --command select 1\n')
    expect(stdout).to.contain(`mode: verify-full, user: ${shop.target.role}, password: ${shop.target.password}\n`)
    expect(stdout).to.contain('-----BEGIN CERTIFICATE-----')
  })

  it('says how to get psql where there is none', async () => {
    const shop = await world.sandbox.openShop({formation: {}})
    const nowhere = join(world.sandbox.home, 'nowhere')
    const {code, stderr} = await world.sandbox.cli(['rds:psql', '--app', shop.name], {
      env: {...shop.env, PATH: nowhere},
    })
    expect(code).to.equal(3)
    expect(stderr).to.contain('psql is not installed on this machine').and.contain('apt-get install postgresql-client')
  })
})
