import {spawn} from 'node:child_process'

const SCRIPT = `live=" " folder=""
while read -r sign group; do
  case $sign in
    +) live="$live$group " ;;
    -) live=\${live/ $group / } ;;
    /) folder=$group ;;
  esac
done
for group in $live; do kill -KILL -- "-$group"; done 2>/dev/null
test -z "$folder" || rm -rf -- "$folder"`

/**
 * A helper process that knows the process group of every running dyno and kills what is left when the simulator's
 * process ends in whatever way, so that a killed test run leaves no dyno behind, nor the folder that these needed.
 */
export class Reaper {
  readonly #child = spawn('bash', ['-c', SCRIPT], {stdio: ['pipe', 'ignore', 'ignore'], detached: true})

  constructor() {
    this.#child.unref()
    this.#child.on('error', () => {})
    this.#child.stdin.on('error', () => {})
  }

  watch(group: number): void {
    this.#child.stdin.write(`+ ${group}\n`)
  }

  forget(group: number): void {
    this.#child.stdin.write(`- ${group}\n`)
  }

  /** Only one. */
  sweep(folder: string): void {
    this.#child.stdin.write(`/ ${folder}\n`)
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.ref()
    this.#child.stdin.end()
    await gone
  }
}
