import {connect} from 'node:net'

import {Stream} from './stream.mjs'

/**
 * A connection that a client made here, and the server takes far away. The client is told at once that it is connected, which over the
 * line takes a round trip: so what it sends, and what the server says first, come that much later. The handshake is at the server after half of
 * it; a server that refuses, or breaks the connection, breaks the client's, and the other way round.
 */
export function openConnection(client, server, {up, down}, agenda) {
  const begun = performance.now()
  const roundTrip = up.delayMs + down.delayMs
  agenda.at(begun + up.delayMs, () => {
    const far = connect({...server, allowHalfOpen: true, noDelay: true})
    join(client, far, up, begun + roundTrip + up.delayMs)
    join(far, client, down, begun + 2 * roundTrip)
  })

  function join(from, to, line, notBefore) {
    const stream = new Stream(from, to, line, notBefore)
    from.on('error', () => {
      stream.cut()
      agenda.at(performance.now() + line.delayMs, () => to.resetAndDestroy())
    })
  }
}
