/** How much a round may take that the window repeats, in seconds. */
const ENOUGH_SECONDS = 1

/** What is bearable there, where a round takes as long however little it brings. */
const BEARABLE_SECONDS = 10

/** A round is shorter than another where it takes less than this share of it; so many in a row without a shorter one, and none will come. */
const SHORTER = 0.9
const TRIED_ENOUGH = 5

/**
 * Judges rounds of which each brings what has come during the one before: they get shorter where more is taken than comes. Told what each
 * took, in seconds, it says whether that is as short as is needed, or as it gets, or whether there should be another.
 */
export function gettingShorter(): (seconds: number) => 'enough' | 'again' | 'hopeless' {
  let [shortest, since] = [Infinity, 0]
  return (seconds) => {
    if (seconds < ENOUGH_SECONDS) return 'enough'
    since = seconds < SHORTER * shortest ? 0 : since + 1
    shortest = Math.min(seconds, shortest)
    if (since < TRIED_ENOUGH) return 'again'
    return seconds < BEARABLE_SECONDS ? 'enough' : 'hopeless'
  }
}
