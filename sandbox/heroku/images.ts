import {createHash} from 'node:crypto'
import {cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, dirname, join} from 'node:path'

import type {Image, ImageSpec, Slug} from './types.js'

/** Language runtimes and Postgres clients of this machine, which no dyno has unless its image brings them. */
const NOT_OF_THE_BASE =
  /^(psql|pg_\w+|pgbench|(create|drop)(db|user)|(cluster|reindex|vacuum)db|initdb|postgres|node(js)?|npm|npx|corepack|yarn\w*|pnpm|bun|deno|ruby|irb|gem|bundler?|rake|python|pydoc|pip|php|java\w*|launcher)(-?[\d.]+)?$/

/**
 * The stacks of Heroku (base-images, heroku-22 to -26) have psql; an image of one's own (stack `container`) has what
 * was put in. On `cnb` the run image is Heroku's own, but what buildpacks bring is found by the launcher only.
 */
export function imageOf(stack: string, {psql = stack !== 'container', node = true, pgDriver = true}: ImageSpec): Image {
  return {psql, node, pgDriver, launcher: stack === 'cnb'}
}

/** The folders that make up the PATH of dynos, so that nothing else of this machine shows. */
export class Images {
  #folder: string | undefined
  readonly #stackBin: string | undefined
  readonly #made = new Set<string>()

  readonly #sweep: (folder: string) => void

  /** `stackBin` holds the executables that the stack itself ships, such as psql; they may need node. */
  constructor(stackBin: string | undefined, sweep: (folder: string) => void) {
    this.#stackBin = stackBin
    this.#sweep = sweep
  }

  /**
   * PATH of a dyno. Processes of the slug are written for Node whatever the image says: there they stand for an app
   * in another language, so only other commands miss what the image lacks.
   */
  path({psql, node, launcher}: Image, ofSlug: boolean): string {
    const folders = [
      ...(psql ? [this.#make('stack', (folder) => this.#stack(folder))] : []),
      ...(ofSlug || (node && !launcher) ? [this.#node()] : []),
      ...(launcher ? [this.#launcher(node)] : []),
      this.#make('base', linkBase),
    ]
    return folders.join(':')
  }

  /** Where a dyno starts. Without the driver it is a copy that no node_modules is above of. */
  home({pgDriver}: Image, slug: Slug, ofSlug: boolean): string {
    if (pgDriver || ofSlug) return slug.dir
    return this.#make(createHash('sha1').update(slug.dir).digest('hex'), (folder) => {
      cpSync(slug.dir, folder, {recursive: true, filter: (file) => basename(file) !== 'node_modules'})
    })
  }

  #make(name: string, fill: (folder: string) => void): string {
    const folder = join((this.#folder ??= this.#open()), name)
    if (this.#made.has(name)) return folder
    mkdirSync(folder)
    this.#made.add(name)
    fill(folder)
    return folder
  }

  #open(): string {
    const folder = mkdtempSync(join(tmpdir(), 'sandbox-images-'))
    this.#sweep(folder)
    return folder
  }

  #node(): string {
    return this.#make('node', (folder) => {
      symlinkSync(process.execPath, join(folder, 'node'))
      const beside = dirname(process.execPath)
      const tools = readdirSync(beside).filter((name) => name === 'npm' || name === 'npx')
      for (const name of tools) symlinkSync(join(beside, name), join(folder, name))
    })
  }

  #stack(folder: string): void {
    const bin = this.#stackBin
    if (bin === undefined) return
    for (const name of readdirSync(bin)) {
      script(join(folder, name), `PATH="${this.#node()}:$PATH" exec "${join(bin, name)}" "$@"`)
    }
  }

  /** A lone argument is a script, several are one command: buildpacks.io, "user-provided shell process". */
  #launcher(node: boolean): string {
    return this.#make(node ? 'launcher-node' : 'launcher', (folder) => {
      const layers = node ? [`export PATH="${this.#node()}:$PATH"`] : []
      const lines = [...layers, 'if [ $# -eq 1 ]; then exec bash -c "$1"; fi', 'exec "$@"']
      script(join(folder, 'launcher'), lines.join('\n'))
    })
  }
}

function linkBase(folder: string): void {
  const linked = new Set<string>()
  for (const source of ['/usr/local/bin', '/usr/bin', '/bin'].filter((folder) => existsSync(folder))) {
    for (const name of readdirSync(source)) {
      if (linked.has(name) || NOT_OF_THE_BASE.test(name)) continue
      linked.add(name)
      symlinkSync(join(source, name), join(folder, name))
    }
  }
}

function script(file: string, text: string): void {
  writeFileSync(file, `#!/bin/sh\n${text}\n`, {mode: 0o755})
}
