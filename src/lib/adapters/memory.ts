import {mkdir, readFile, rename, writeFile} from 'node:fs/promises'
import {join} from 'node:path'

/** What later commands need not be told again; nothing secret. */
export interface Remembered {
  target?: string
  /** The add-on that is moved. */
  source?: {addonId: string; addonName: string}
  sourceUrlEnv?: string
  region?: string
  caFile?: string
}

const fileIn = (dataDir: string) => join(dataDir, 'rds.json')

async function readAll(dataDir: string): Promise<Record<string, Remembered>> {
  try {
    return JSON.parse(await readFile(fileIn(dataDir), 'utf8')) as Record<string, Remembered>
  } catch {
    return {}
  }
}

export const recall = async (dataDir: string, app: string): Promise<Remembered> => (await readAll(dataDir))[app] ?? {}

/** Adds to what is known. Replaces the file whole, so that a killed process leaves the old one or the new one. */
export async function remember(dataDir: string, app: string, facts: Remembered): Promise<void> {
  const known = await readAll(dataDir)
  const all = {...known, [app]: {...known[app], ...facts}}
  await mkdir(dataDir, {recursive: true})
  const draft = `${fileIn(dataDir)}.${process.pid}`
  await writeFile(draft, `${JSON.stringify(all, null, 2)}\n`)
  await rename(draft, fileIn(dataDir))
}
