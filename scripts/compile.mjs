// Compiles src/, sandbox/, test/ and bench/ once for all processes of a test run: a loader would cost each of them two seconds.
import {createHash} from 'node:crypto'
import * as fs from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'

const project = join(dirname(fileURLToPath(import.meta.url)), '..')
const FOLDERS = ['src', 'sandbox', 'test', 'bench']

/** In node_modules, which git, eslint and prettier leave alone; this file's digest is in its name, so that no other one's output runs. */
const compiled = join(project, 'node_modules/.cache', `compiled-${digest(fileURLToPath(import.meta.url))}`)

/** Where a source file is, compiled. */
export const compiledFile = (source) => join(compiled, source.replace(/\.ts$/, '.js'))

/** Compiles what changed since, and returns the folder. */
export async function compile() {
  fs.mkdirSync(join(compiled, 'sandbox'), {recursive: true})
  fs.writeFileSync(join(compiled, 'package.json'), '{"type": "module"}\n')
  link(join(project, 'sandbox/node_modules'), join(compiled, 'sandbox/node_modules'))
  const sources = FOLDERS.flatMap((folder) => sourcesIn(folder))
  removeOrphans(sources)
  const stale = sources.filter((source) => !isFresh(source))
  if (stale.length > 0) {
    const {default: ts} = await import('typescript')
    for (const source of stale) translate(ts, source)
  }
  return compiled
}

function sourcesIn(folder) {
  return fs.readdirSync(join(project, folder), {withFileTypes: true}).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.name === 'node_modules') return []
    if (entry.isDirectory()) return sourcesIn(path)
    return /(?<!\.d)\.(ts|js|mjs)$/.test(entry.name) ? [path] : []
  })
}

/** The same time as its source, to the microsecond: a checkout of an older file counts as a change, too. */
function isFresh(source) {
  const output = compiledFile(source)
  return fs.existsSync(output) && sameTime(fs.statSync(output), fs.statSync(join(project, source)))
}

const sameTime = (one, other) => Math.abs(one.mtimeMs - other.mtimeMs) < 0.001

function translate(ts, source) {
  const file = join(project, source)
  const {mtimeMs} = fs.statSync(file)
  const text = fs.readFileSync(file, 'utf8')
  const script = source.endsWith('.ts') ? withoutTypes(ts, text, file) : text
  const output = compiledFile(source)
  const unfinished = `${output}.${process.pid}`
  fs.mkdirSync(dirname(output), {recursive: true})
  fs.writeFileSync(unfinished, inItsPlace(script, file))
  fs.utimesSync(unfinished, mtimeMs / 1000, mtimeMs / 1000)
  fs.renameSync(unfinished, output)
}

function withoutTypes(ts, text, fileName) {
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    inlineSourceMap: true,
    sourceRoot: dirname(fileName),
  }
  return ts.transpileModule(text, {fileName, compilerOptions}).outputText
}

/** Files that are no code are found from where the source is. */
function inItsPlace(script, file) {
  return script
    .replaceAll('import.meta.dirname', JSON.stringify(dirname(file)))
    .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(file).href))
}

/** What a removed source has left would still be found by an import. */
function removeOrphans(sources) {
  const wanted = new Set(sources.map(compiledFile))
  for (const folder of FOLDERS) {
    const root = join(compiled, folder)
    if (!fs.existsSync(root)) continue
    for (const entry of fs.readdirSync(root, {withFileTypes: true, recursive: true})) {
      const path = join(entry.parentPath ?? entry.path, entry.name)
      if (entry.isFile() && !wanted.has(path) && /\.m?js$/.test(path)) fs.rmSync(path, {force: true})
    }
  }
}

function link(to, path) {
  if (!fs.existsSync(path)) fs.symlinkSync(to, path)
}

function digest(file) {
  return createHash('sha256').update(fs.readFileSync(file)).digest('hex').slice(0, 12)
}
