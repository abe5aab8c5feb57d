import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'

import {expect} from 'chai'
import {cruise, type ICruiseResult, type IForbiddenRuleType} from 'dependency-cruiser'
import ts from 'typescript'

import layers from './layers.mjs'
import {METHODS} from '../src/lib/methods/index.js'

const PROJECT = join(import.meta.dirname, '..')

describe('The architecture', () => {
  let result: ICruiseResult

  before('follow every import', async function () {
    this.timeout(60_000)
    const cruised = await cruise(['src', 'sandbox'], {
      baseDir: PROJECT,
      ruleSet: {forbidden: layers.forbidden as IForbiddenRuleType[]},
      validate: true,
      tsPreCompilationDeps: true,
      exclude: {path: 'node_modules/(?!pg|@aws-sdk)|^sandbox/(shop|stack)/'},
      doNotFollow: {path: 'node_modules'},
    })
    result = cruised.output as ICruiseResult
  })

  it('keeps its import directions, each for its reason', () => {
    const told = result.summary.violations.map(({rule, from, to}) => {
      const {comment} = layers.forbidden.find(({name}) => name === rule.name) ?? {}
      return `${from} → ${to}: ${rule.name}. ${comment}`
    })
    expect(told).to.deep.equal([])
  })

  it('was really looked at', () => {
    const modules = result.modules.map(({source}) => source)
    expect(modules.filter((source) => source.startsWith('src/')).length, 'modules of the plugin').to.be.greaterThan(70)
    expect(
      modules.filter((source) => source.startsWith('sandbox/')).length,
      'modules of the sandbox',
    ).to.be.greaterThan(50)
  })

  it('can be understood from five files of fewer than 400 lines together', () => {
    const first = [
      'README.md',
      'src/lib/ports/ports.ts',
      'src/lib/playbook.ts',
      'src/lib/runbook/step.ts',
      'src/commands/rds/rollback.ts',
    ]
    const lines = first.map((file) => readFileSync(join(PROJECT, file), 'utf8').split('\n').length)
    expect(lines.reduce((sum, count) => sum + count, 0)).to.be.lessThan(400)
  })
})

describe('Methods', () => {
  it('are named nowhere but in their folder and in the playbook: another one is a folder and a line', () => {
    const literal = new RegExp(`['"\`](${METHODS.map(({id}) => id).join('|')})['"\`]`)
    const naming = readdirSync(join(PROJECT, 'src'), {recursive: true, encoding: 'utf8'}).filter(
      (file) =>
        file.endsWith('.ts') &&
        !/^lib\/(methods\/|playbook\.ts)/.test(file) &&
        literal.test(readFileSync(join(PROJECT, 'src', file), 'utf8')),
    )
    expect(naming).to.deep.equal([])
  })
})

describe('Capture and verification', () => {
  it('know two ends, from and to, and not which of them is the source', () => {
    const sides = /^(source|target)$/
    const naming = ['capture', 'verify'].flatMap((folder) =>
      readdirSync(join(PROJECT, 'src/lib', folder)).flatMap((file) => {
        const text = readFileSync(join(PROJECT, 'src/lib', folder, file), 'utf8')
        return identifiersIn(text)
          .filter((name) => sides.test(name))
          .map((name) => `${folder}/${file}: ${name}`)
      }),
    )
    expect(naming).to.deep.equal([])
  })
})

function identifiersIn(text: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node) => {
    if (ts.isIdentifier(node)) found.push(node.text)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true))
  return found
}
