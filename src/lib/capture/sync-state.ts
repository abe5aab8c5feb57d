import {OWN_SCHEMA} from '../postgres/catalog.js'

/** What syncs and verifications keep on the target. Repeatable. */
export const CREATE_SYNC_STATE = `
  create table if not exists ${OWN_SCHEMA}.sync_state (
    nth bigint not null default 0,
    source_server text,
    source_ended xid8,
    token text,
    token_seen text,
    equal_at timestamptz,
    rows bigint not null default 0,
    single boolean not null default true unique check (single));
  insert into ${OWN_SCHEMA}.sync_state default values on conflict do nothing;
  create table if not exists ${OWN_SCHEMA}.sync_units (
    unit oid primary key,
    relation text not null,
    last_sync bigint not null default 0,
    truncation bigint not null default 0,
    recorded_from bigint not null default 0,
    verified_sync bigint,
    verified_at timestamptz,
    verified_rows bigint);
  alter table ${OWN_SCHEMA}.sync_units add column if not exists settled json`
