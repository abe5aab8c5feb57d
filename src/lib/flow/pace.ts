/** How soon after one sync the next begins. */
export interface Pace {
  /** Shortest pause, in milliseconds. */
  pauseMs: number
  /** Shortest pause, as a multiple of the time that the sync took. */
  rest: number
}

export const USUAL_PACE: Pace = {pauseMs: 1000, rest: 0}

/** Three quarters of the time the source is left alone. */
export const NICE_PACE: Pace = {pauseMs: 5000, rest: 3}
