import type {Method} from './method.js'

/** Triggers on the source note the keys that change; needs nothing that Heroku withholds. */
export const changeCapture: Method = {
  id: 'change-capture',
  title: 'Change capture',
  available: false,
  obstacles: () => [],
  drain: [],
  estimate: () => [
    {step: 'drain', what: 'drain the last changes', seconds: 10},
    {step: 'verify', what: 'verify the rows touched since the last verification', seconds: 20},
  ],
}
