import {expect} from 'chai'

import {HASHED_OTHERWISE} from '../../src/lib/postgres/partition-routing.js'
import {listTables} from '../../src/lib/postgres/tables.js'
import {ask, servers} from '../support/servers.js'

/** What HASH decides by, and whether another server can decide otherwise. */
const KEYS: Record<string, [key: string, otherwise: boolean]> = {
  numbers: ['n', false],
  'words, and an expression of them': ['w, lower(w)', false],
  'a domain over words': ['dw', false],
  'an oid, which is a number': ['o', false],
  'an enumerated type': ['e', true],
  'a domain over it': ['de', true],
  'an array of it': ['es', true],
  'a range': ['r', true],
  'a table by its oid': ['c', true],
  'words of a collation by which different ones are equal': ['x', true],
}

describe('A tree of partitions by HASH', () => {
  const both = servers()

  it('is divided otherwise by another server where more than plain values decide', async () => {
    const source = await both.newSource()
    const names = Object.keys(KEYS)
    await ask(
      source.url,
      `create type mood as enum ('calm', 'busy');
       create domain moody as mood;
       create domain wordy as text;
       create collation alike (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
       ${names
         .map(
           (name, nth) => `
         create table t${nth} (n int, w text, dw wordy, o oid, e mood, de moody, es mood[], r int4range, c regclass, x text collate alike)
           partition by hash (${KEYS[name]![0]});
         create table p${nth} partition of t${nth} for values with (modulus 1, remainder 0)`,
         )
         .join(';')}`,
    )
    const found = await listTables<{otherwise: boolean}>(source.db, {columns: `${HASHED_OTHERWISE} as otherwise`})
    const told = Object.fromEntries(found.map(({name, otherwise}) => [name, otherwise]))
    for (const [nth, name] of names.entries()) {
      expect(told[`"public"."t${nth}"`], name).to.equal(KEYS[name]![1])
      expect(told[`"public"."p${nth}"`], `a partition by ${name}`).to.equal(KEYS[name]![1])
    }
  })
})
