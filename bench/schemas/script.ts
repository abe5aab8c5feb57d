/** A script as `pg_restore --no-owner --no-acl` would run it. */
export interface Script {
  sql: string
  extensions: Extension[]
  /** Statements that were left out. */
  skipped: number
}

export interface Extension {
  name: string
  /** Where the script wants it; left out where the first schema of search_path will do. */
  schema?: string
}

const CREATE_EXTENSION =
  /^\s*create extension (?:if not exists )?("?)([\w-]+)\1(?: with)?(?: schema ("?)(\w+)\3)?[^;\n]*;/gim

/** Statements about owners, rights and whole servers, on a line of their own as pg_dump writes them. */
const FOREIGN =
  /^(alter .* owner to .*|alter default privileges .*|(grant|revoke) .*|comment on extension .*|drop extension .*|set session authorization .*);\s*$/i

/** Leaves out what belongs to psql or to a superuser; extensions are the provider's, and made beforehand. */
export function scriptOf(text: string): Script {
  const extensions = [...text.matchAll(CREATE_EXTENSION)].map(([, , name, , schema]) => ({
    name: name!.toLowerCase(),
    ...(schema ? {schema} : {}),
  }))
  const made = new Set(extensions.flatMap(({schema}) => schema ?? []))
  const lines: string[] = []
  let [skipped, copying] = [0, false]
  for (const line of text.replace(CREATE_EXTENSION, '').split('\n')) {
    if (copying) copying = line.trimEnd() !== '\\.'
    else if (/^copy .* from stdin\b.*;\s*$/i.test(line)) copying = true
    else if (line.startsWith('\\') || isMade(line, made)) continue
    else if (FOREIGN.test(line)) {
      skipped++
      continue
    }
    lines.push(line)
  }
  return {sql: lines.join('\n'), extensions, skipped}
}

const isMade = (line: string, schemas: ReadonlySet<string>): boolean => {
  const [, name] = /^create schema (?:if not exists )?"?(\w+)"?;/i.exec(line) ?? []
  return name !== undefined && schemas.has(name)
}
