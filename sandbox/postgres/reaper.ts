import {spawn, type ChildProcess} from 'node:child_process'

const script = `
folders=
while IFS= read -r folder; do folders="$folders$folder
"; done
printf %s "$folders" | while IFS= read -r folder; do
  pidfile="$folder/data/postmaster.pid"
  if [ -f "$pidfile" ]; then kill -QUIT "$(head -n 1 "$pidfile")" 2>/dev/null; fi
  tries=0
  while [ -f "$pidfile" ] && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
  rm -rf "$folder"
done`

let reaper: ChildProcess | undefined

/**
 * Has a folder removed, and the server whose data directory is in it stopped, when this process ends in whatever way.
 * A companion process waits for the end of a pipe from us, which even `kill -9` cannot keep from closing.
 */
export function removeWhenWeAreGone(folder: string): void {
  if (!reaper) {
    reaper = spawn('sh', ['-c', script], {stdio: ['pipe', 'ignore', 'ignore'], detached: true, cwd: '/'})
    reaper.unref()
    const pipe = reaper.stdin as unknown as {unref?: () => void}
    pipe.unref?.()
  }

  reaper.stdin?.write(`${folder}\n`)
}
