import type {Interfaces} from '@oclif/core'
import * as Args from '@oclif/core/args'

import type {RunOptions} from '../open/migration.js'
import type {Options} from '../open/options.js'
import {consoleOperator} from './console-operator.js'
import {interruption} from './interruption.js'
import {Command, flags} from './heroku-cli.js'
import {printable, printableJson, printableLines} from './printable.js'
import {closePrompt, readAnswer} from './prompt.js'
import {type Line, painted} from './text.js'
import {waitsOfProcess} from '../flow/waits.js'
import {EXIT_CODES, messageOf, RdsError, wrongUsage} from '../ports/errors.js'

/** The arguments and flags of every command that looks at a migration. */
export const databaseArg = {
  database: Args.string({
    description: 'attachment or add-on name of the source',
    default: 'DATABASE',
    // Else oclif takes a piped answer to our question for the name of the database.
    ignoreStdin: true,
  }),
}

export const appFlags = {
  app: flags.app({required: true}),
  remote: flags.remote(),
  target: flags.string({
    char: 't',
    description: 'RDS instance or DB cluster; its endpoint must be the one in RDS_DATABASE_URL',
  }),
  region: flags.string({description: 'AWS region of the target', env: 'AWS_REGION'}),
  'source-url-env': flags.string({
    description: 'environment variable that holds the URL of the source, where that is not a Heroku add-on',
  }),
}

export const changeFlags = {
  confirm: flags.string({char: 'c', description: 'app name, to skip the question'}),
}

export const caFileFlag = {
  'ca-file': flags.string({
    description: "path of the RDS CA bundle inside the dynos (default: the bundle of Heroku's stacks)",
    env: 'RDS_CA_FILE',
  }),
}

/** Of what runs a preflight. */
export const preflightFlags = {
  'accept-untried-target': flags.boolean({
    description:
      'continue where no dyno could try to connect to the target; whether the app can is then known only after the switch',
  }),
}

export const keepFlag = {
  keep: flags.string({
    description:
      'config var to leave on the source, which refuses writes after the switch; can be given more than once',
    multiple: true,
    default: [],
  }),
}

// oclif's own type of what a parser gives.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Values = Record<string, any>

const CLEAR_SCREEN = '\u001B[H\u001B[2J'

/**
 * What all commands share: `--json`, one kind of error text, exit codes in the help, the question before a change, and a screen that nothing
 * reaches but as text: control characters and line breaks within a line, whoever put them there, are taken out of all that is printed.
 */
export abstract class RdsCommand extends Command {
  static override baseFlags = Command.baseFlagsWithoutPrompt()
  static override promptFlagActive = false
  static override enableJsonFlag = true

  /** The help of a command, with the exit codes at its end; `meanings`: what some of them mean to this command. */
  static describe(text: string, meanings: Record<number, string> = {}): string {
    const codes = EXIT_CODES.map(([code, meaning]) => `${code} ${meanings[code] ?? meaning}`)
    return `${text}\n\nExit codes: ${codes.join(' · ')}.`
  }

  override log(line = ''): void {
    super.log(printable(line))
  }

  override logToStderr(line = ''): void {
    super.logToStderr(printable(line))
  }

  override logJson(json: unknown): void {
    process.stdout.write(`${printableJson(JSON.stringify(json, undefined, 2))}\n`)
  }

  /** Of a terminal. */
  protected clearScreen(): void {
    if (process.stdout.isTTY) process.stdout.write(CLEAR_SCREEN)
  }

  /** Lines in a style of ours, which is put on after they are made printable. */
  protected logStyled(lines: readonly Line[], {colour}: {colour: boolean}): void {
    for (const line of lines) super.log(painted({...line, text: printable(line.text)}, {colour}))
  }

  protected optionsOf(parsed: {
    args: {database?: string | undefined}
    flags: {
      app: string
      target?: string | undefined
      region?: string | undefined
      'ca-file'?: string | undefined
      'source-url-env'?: string | undefined
    }
  }): Options {
    const {args, flags: given} = parsed
    return {
      api: this.heroku,
      dataDir: this.config.dataDir,
      app: given.app,
      ...(args.database ? {database: args.database} : {}),
      ...(given.target ? {target: given.target} : {}),
      ...(given['source-url-env'] ? {sourceUrlEnv: given['source-url-env']} : {}),
      ...(given.region ? {region: given.region} : {}),
      ...(given['ca-file'] ? {caFile: given['ca-file']} : {}),
    }
  }

  /** For a command that opens a migration; `command` is what others are told who find it locked. */
  protected operating(parsed: Parameters<RdsCommand['optionsOf']>[0], command: string): RunOptions {
    return {
      ...this.optionsOf(parsed),
      settings: {gate: 'ask', keep: []},
      operator: consoleOperator((line) => this.logToStderr(line), {json: this.jsonEnabled()}),
      command,
      signal: interruption(),
    }
  }

  /** Asks for the name of the app, unless `--confirm` gave it. */
  protected async confirmApp(
    app: string,
    confirm: string | undefined,
    warning: string | (() => Promise<string> | string),
  ): Promise<void> {
    let answer = confirm
    if (answer === undefined) {
      this.logToStderr(` !    ${typeof warning === 'string' ? warning : await warning()}`)
      answer = await readAnswer(` !    To proceed, type ${app} or re-run this command with --confirm ${app}: `)
    }
    if (answer !== app)
      throw wrongUsage('not_confirmed', `confirmation did not match ${app}; nothing was touched`, `--confirm ${app}`)
  }

  /** The base class of the CLI lost the types of what it parses. */
  protected override parse<F extends Values, B extends Values, A extends Values>(
    options: Interfaces.Input<F, B, A>,
  ): Promise<Interfaces.ParserOutput<F, B, A>> {
    return super.parse(options) as Promise<Interfaces.ParserOutput<F, B, A>>
  }

  protected override async catch(error: Error): Promise<unknown> {
    if (!this.jsonEnabled()) makePrintable(error)
    return super.catch(error)
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    closePrompt()
    await super.finally(error)
  }

  /** With the number of requests that had to wait for one another. */
  protected override toSuccessJson(result: unknown): unknown {
    return {...(result as object), waits: waitsOfProcess()}
  }

  protected override toErrorJson(error: unknown): unknown {
    const {code = 'unexpected', suggestions = [], oclif = {exit: 1}} = error as Partial<RdsError>
    return {error: {code, message: messageOf(error), suggestions, exit: oclif.exit}}
  }
}

/** What is printed of an error, by oclif: messages, stacks and suggestions, of its causes too. */
function makePrintable(error: unknown): void {
  if (!(error instanceof Error)) return
  const {message, stack = ''} = error
  error.message = error instanceof RdsError ? printable(message) : printableLines(message)
  error.stack = printableLines(stack.replace(message, () => error.message))
  const {suggestions} = error as Partial<RdsError>
  suggestions?.splice(0, suggestions.length, ...suggestions.map(printable))
  makePrintable(error.cause)
}
