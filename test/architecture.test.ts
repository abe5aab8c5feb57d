import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join, relative} from 'node:path'

import {expect} from 'chai'
import {cruise, type ICruiseResult, type IForbiddenRuleType} from 'dependency-cruiser'
import ts from 'typescript'

import layers, {FLOORS} from './layers.mjs'
import {METHODS} from '../src/lib/methods/index.js'

const PROJECT = join(import.meta.dirname, '..')

/** Follows every import of a tree, types included, and judges it. */
async function judged(baseDir: string, folders: string[]): Promise<ICruiseResult> {
  const cruised = await cruise(folders, {
    baseDir,
    ruleSet: {forbidden: layers.forbidden as IForbiddenRuleType[]},
    validate: true,
    tsPreCompilationDeps: true,
    exclude: {path: 'node_modules/(?!pg|@aws-sdk)|^sandbox/(shop|stack)/'},
    doNotFollow: {path: 'node_modules'},
  })
  return cruised.output as ICruiseResult
}

describe('The architecture', function () {
  this.timeout(60_000)
  let result: ICruiseResult

  before('follow every import', async () => {
    result = await judged(PROJECT, ['src', 'sandbox'])
  })

  it('keeps its import directions, each for its reason', () => {
    const told = result.summary.violations.map(({rule, from, to}) => {
      const {comment} = layers.forbidden.find(({name}) => name === rule.name) ?? {}
      return `${from} → ${to}: ${rule.name}. ${comment}`
    })
    expect(told).to.deep.equal([])
  })

  it('is a house of floors, with one loose file', () => {
    const entries = readdirSync(join(PROJECT, 'src/lib'), {withFileTypes: true})
    const rooms = entries.filter((entry) => entry.isDirectory()).map(({name}) => name)
    const files = entries.filter((entry) => entry.isFile()).map(({name}) => name)
    expect(files).to.deep.equal(['playbook.ts'])
    expect(['commands', 'playbook', ...rooms].sort()).to.deep.equal([...FLOORS.flat()].sort())
  })

  it('is really kept: a planted violation of each rule is found', async () => {
    const tree = mkdtempSync(join(tmpdir(), 'architecture-'))
    try {
      for (const [file, text] of Object.entries(VIOLATIONS)) {
        mkdirSync(dirname(join(tree, file)), {recursive: true})
        writeFileSync(join(tree, file), text)
      }
      const {summary} = await judged(tree, ['src', 'sandbox', 'test'])
      const found = new Set(summary.violations.map(({rule}) => rule.name))
      expect(layers.forbidden.map(({name}) => name).filter((name) => !found.has(name))).to.deep.equal([])
    } finally {
      rmSync(tree, {recursive: true})
    }
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

const pathOf = (room: string, file = 'planted') =>
  room === 'commands'
    ? `src/commands/rds/${file}.ts`
    : room === 'playbook'
      ? 'src/lib/playbook.ts'
      : `src/lib/${room}/${file}.ts`

/** A tree in which each room imports a type from the floor above it – the top one from nowhere – and every other rule is broken once. */
const VIOLATIONS: Record<string, string> = {
  ...Object.fromEntries(
    FLOORS.flatMap((floor, i) =>
      floor.map((room) => {
        const above = pathOf(FLOORS[i - 1]?.[0] ?? 'none')
        return [
          pathOf(room),
          `import type {Planted} from './${relative(dirname(pathOf(room)), above)}'\nexport type {Planted}`,
        ]
      }),
    ),
  ),
  'src/lib/none/planted.ts': 'export interface Planted {}',
  'src/lib/actions/reaches.ts': `import '../adapters/planted.js'\nimport 'node:net'`,
  'src/lib/runbook/engine.ts': `import './steps/planted.js'`,
  'src/lib/runbook/steps/planted.ts': 'export {}',
  'src/lib/postgres/borrows.ts': `import '../../../sandbox/planted.js'`,
  'src/lib/copy/alone.ts': 'export {}',
  'sandbox/planted.ts': `import '../src/lib/none/planted.js'`,
  'sandbox/a.ts': `import type {B} from './b.js'\nexport interface A { b: B }`,
  'sandbox/b.ts': `import type {A} from './a.js'\nexport interface B { a: A }`,
  'test/planted.ts': 'export {}',
}

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
