import {execFileSync} from 'node:child_process'
import {cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import {expect} from 'chai'

import {EXIT_CODES} from '../src/lib/ports/errors.js'

const PROJECT = join(import.meta.dirname, '..')

interface Manifest {
  version: string
  commands: Record<
    string,
    {
      description: string
      summary: string
      examples: string[]
      flags: Record<string, {description?: string; char?: string}>
    }
  >
}

const manifest = JSON.parse(readFileSync(join(PROJECT, '.oclif.manifest.json'), 'utf8')) as Manifest
const {version} = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {version: string}

/** What exit codes mean to one command, where that is more than they mean to all. */
const OWN_MEANINGS: Record<string, Record<number, string>> = {
  'rds:verify': {
    1: 'rows differ, or it failed',
    4: 'could not verify: a table was truncated or rewritten during the comparison, or a snapshot was lost',
  },
}

describe('The commands', () => {
  it('have the flags they are known for: removing one is a conscious act', () => {
    const flags = Object.fromEntries(
      Object.entries(manifest.commands).map(([id, command]) => [id, Object.keys(command.flags).sort()]),
    )
    const common = ['app', 'region', 'remote', 'source-url-env', 'target']
    expect(flags).to.deep.equal({
      rds: [...common, 'json'].sort(),
      'rds:assess': [
        ...common,
        'budget',
        'ca-file',
        'from-dynos',
        'html',
        'json',
        'keep',
        'markdown',
        'probe-replication',
      ].sort(),
      'rds:cutover': [
        ...common,
        'accept-untried-target',
        'budget',
        'ca-file',
        'confirm',
        'dry-run',
        'gate',
        'json',
        'keep',
        'method',
        'smoke-command',
        'smoke-sql',
      ].sort(),
      'rds:finish': [...common, 'confirm', 'destroy-source', 'json', 'now'].sort(),
      'rds:psql': [...common, 'command'].sort(),
      'rds:rollback': [...common, 'confirm', 'json'].sort(),
      'rds:start': [
        ...common,
        'abandon',
        'accept-untried-target',
        'ca-file',
        'confirm',
        'json',
        'keep',
        'method',
        'nice',
        'refresh-schema',
        'until-equal',
      ].sort(),
      'rds:status': [...common, 'json', 'watch'].sort(),
      'rds:verify': [...common, 'json', 'nice', 'repair', 'sample', 'show-rows'].sort(),
    })
  })

  it('say what they do, with examples and all exit codes', () => {
    for (const [id, {summary, description, examples, flags}] of Object.entries(manifest.commands)) {
      expect(summary, id).to.match(/^[a-z].*[^.]$/)
      expect(examples, id).to.not.be.empty
      const codes = description.slice(description.indexOf('Exit codes: '))
      for (const [code, meaning] of EXIT_CODES)
        expect(codes, id).to.contain(`${code} ${OWN_MEANINGS[id]?.[code] ?? meaning}`)
      for (const [name, {description: flag}] of Object.entries(flags)) {
        if (!['app', 'remote', 'json'].includes(name)) expect(flag, `${id} --${name}`).to.match(/^[a-zA-Z].*[^.]$/)
      }
    }
  })

  it('have the exit codes that the README tells', () => {
    const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8')
    for (const [code, meaning] of EXIT_CODES) expect(readme).to.contain(`| ${code} | ${meaning} |`)
  })

  it('are in the manifest as the code has them', function () {
    this.timeout(60_000)
    expect(manifest.version).to.equal(version)
    const folder = mkdtempSync(join(tmpdir(), 'heroku-rds-manifest-'))
    try {
      for (const file of ['package.json', 'dist']) cpSync(join(PROJECT, file), join(folder, file), {recursive: true})
      symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'))
      execFileSync(process.execPath, [join(PROJECT, 'node_modules/oclif/bin/run.js'), 'manifest'], {
        cwd: folder,
        stdio: 'pipe',
      })
      const fresh = JSON.parse(readFileSync(join(folder, '.oclif.manifest.json'), 'utf8')) as Manifest
      expect(manifest, 'run npm run manifest').to.deep.equal(fresh)
    } finally {
      rmSync(folder, {recursive: true, force: true})
    }
  })
})
