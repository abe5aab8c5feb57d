// The thread on which what the tool and the servers say to each other takes its time. Nothing else runs here that could make it late.
import {createServer} from 'node:net'
import {setPriority} from 'node:os'
import {parentPort, workerData} from 'node:worker_threads'

import {Agenda} from './agenda.mjs'
import {openConnection} from './connection.mjs'
import {Line} from './line.mjs'

/** Of this thread, on Linux, where it is allowed: a busy machine is not to look like a long line. */
const PRIORITY = -15
try {
  setPriority(PRIORITY)
} catch {
  // Only root is allowed to; without it the delays are as exact as the machine is idle.
}

const agenda = new Agenda()
const lines = new Map(Object.entries(workerData).map(([place, leg]) => [place, linesOf(leg)]))

/** By the port of their server. */
const open = new Map()
const cutUntil = new Map()

parentPort.on('message', ({nth, place, server, cut}) => (cut ? cutOff(cut) : listen(nth, place, server)))

/** Listens in front of a server, and answers with the port. */
function listen(nth, place, server) {
  const clients = new Set()
  open.set(server.port, clients)
  const relay = createServer({allowHalfOpen: true, noDelay: true, pauseOnConnect: true}, (client) => {
    if (performance.now() < (cutUntil.get(server.port) ?? 0)) return client.resetAndDestroy()
    clients.add(client)
    client.once('close', () => clients.delete(client))
    openConnection(client, server, lines.get(place), agenda)
  })
  relay.listen(0, '127.0.0.1', () => parentPort.postMessage({nth, port: relay.address().port}))
}

/** Breaks what is open to a server, and whatever comes within a time. */
function cutOff({port, milliseconds}) {
  cutUntil.set(port, performance.now() + milliseconds)
  for (const client of open.get(port) ?? []) client.destroy(new Error('cut'))
}

function linesOf({roundTripMs, mbitPerSecond}) {
  const direction = () => new Line(agenda, {delayMs: roundTripMs / 2, mbitPerSecond})
  return {up: direction(), down: direction()}
}
