/** How long an outage of Heroku's is waited out: a window can be undone, but an app that is closed must be opened again. */
export const PATIENCE = {forward: {patienceSeconds: 60}, closed: {patienceSeconds: 15 * 60}}
