import type {Assessment} from '../../src/lib/ports/assessment.js'
import {Unread} from '../../src/lib/ports/fact.js'

/** An assessment with something of everything, and names that mean trouble to whoever prints them. */
export const sampleAssessment = (changes: Partial<Assessment> = {}): Assessment => ({
  schemaVersion: 1,
  app: 'shop',
  takenAt: '2026-11-24T03:00:00.000Z',
  checks: 117,
  source: {
    addon: 'postgresql-flat-1',
    plan: 'heroku-postgresql:standard-0',
    version: '16.14',
    major: 16,
    collation: 'en_US.UTF-8',
    bytes: '12000000000',
    indexBytes: '4000000000',
    tables: 2,
    largest: [
      {name: 'public.orders', bytes: 9_000_000_000, indexBytes: 3_000_000_000, rows: 1_000_000},
      {name: `public."<b>|*'"`, bytes: 3_000_000_000, indexBytes: 1_000_000_000, rows: 1},
    ],
    connections: {used: 20, limit: 120},
    extensions: [{name: 'citext', version: '1.6', schema: 'heroku_ext'}],
    replication: {walLevel: 'replica', role: false, slotsLeft: 1},
    activity: {seconds: 2, rowsPerSecond: 1234.56, commitsPerSecond: 100},
    info: new Unread('Heroku refused'),
    plannedMaintenance: null,
  },
  distance: {
    source: {roundTripSeconds: 0.0204, bytesPerSecond: 11_900_000},
    target: {roundTripSeconds: 0.021, bytesPerSecond: 2_400_000},
    herokuSeconds: 0.083,
  },
  copy: {bytes: 7_000_000_000, bytesPerSecond: 2_400_000, seconds: 3000, nearSeconds: 300},
  account: {requestsLeft: 4400, loginEnds: null},
  apps: [],
  unseen: [{app: 'reports', why: 'Heroku refused'}],
  findings: [
    {check: 'large-objects', level: 'blocker', methods: [], what: 'large objects (7)', remedy: 'move them'},
    {check: 'unseen-apps', level: 'unknown', methods: [], decisive: true, what: 'reports is hidden', remedy: 'ask'},
    {
      check: 'rules',
      level: 'warning',
      methods: ['change-capture'],
      what: 'rule `quiet` on public."<b>|*\'" changes what a statement does',
      remedy: 'replace it',
      fix: 'drop rule "`" on public."<script>"',
    },
    {
      check: 'preboot',
      level: 'warning',
      methods: [],
      what: 'word '.repeat(60).trim(),
      remedy: 'word '.repeat(60).trim(),
    },
  ],
  eligibility: [
    {
      method: 'dump-restore',
      title: 'Dump and restore',
      possible: true,
      because: [],
      window: {
        seconds: 4000,
        pauseSeconds: 4000,
        distanceSeconds: 1.2,
        terms: [
          {step: 'copy-rows', what: 'copy the rows', seconds: 3900},
          {step: 'freeze-source', what: 'freeze', seconds: 100, measured: true},
        ],
      },
    },
    {
      method: 'change-capture',
      title: 'Change capture',
      possible: false,
      because: ['rules'],
      window: {seconds: 60, pauseSeconds: 60, terms: []},
    },
  ],
  recommendation: {method: 'dump-restore', because: 'it is the simplest method and fits'},
  destination: {
    engine: 'RDS for PostgreSQL',
    because: ['one primary'],
    version: '17.8',
    loadClass: 'db.m7g.large',
    steadyClass: 'db.t4g.medium',
    storage: {type: 'gp3', gigabytes: 400, iops: 12_000, because: 'twice the data'},
    replaces: [{what: 'PgBouncer', by: 'RDS Proxy'}],
  },
  blindSpots: ['dataclips'],
  ...changes,
})
