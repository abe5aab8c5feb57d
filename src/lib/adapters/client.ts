import type {EventEmitter} from 'node:events'

import pg from 'pg'

import {keepRowsOut} from '../postgres/error-text.js'

/** A connection of the tool; errors of its server come without the contents of rows. There is no other way to a server. */
export class Client extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config)
    // Before pg itself listens, which it does when it connects.
    const {connection} = this as unknown as {connection: EventEmitter}
    connection.on('errorMessage', keepRowsOut)
  }
}
