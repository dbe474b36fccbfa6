import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The event table, which is the outbox too, and what stands beside it. Postgres is the referee: the primary key refuses the
 * second writer of a version, one index a second append of a command, another one a reserved value twice.
 */
export class EventStore1764000000000 implements MigrationInterface {
  readonly name = 'EventStore1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(FEED);
    await runner.query(APPEND);
    await runner.query(NUMBER);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function number_events, append_events, feed');
    await runner.query('drop table parked, checkpoints, relay, reservations, events');
  }
}

const TABLES = `
create table events (
  stream_id text not null,
  version int not null check (version > 0),
  xid xid8 not null default pg_current_xact_id(),
  pos bigint not null generated always as identity,
  position bigint constraint events_position unique,
  id uuid not null constraint events_id unique,
  -- Only on the first event of an append: all of them have it in meta.
  command_id uuid constraint events_command unique,
  type text not null,
  schema_version int not null,
  data jsonb not null,
  meta jsonb not null,
  at timestamptz not null default clock_timestamp(),
  constraint events_version primary key (stream_id, version));
create index events_feed on events (xid, pos);

create table reservations (
  kind text not null,
  key text not null,
  stream_id text not null,
  constraint reservations_key primary key (kind, key));
create index reservations_stream on reservations (stream_id);

-- How far the relay has numbered, and which leader may go on from there.
create table relay (
  only_row boolean primary key default true check (only_row),
  token bigint not null,
  xid xid8 not null,
  pos bigint not null,
  position bigint not null);
insert into relay (token, xid, pos, position) values (0, '0', 0, 0);

create table checkpoints (
  projection text primary key,
  position bigint not null);

create table parked (
  projection text not null,
  stream_id text not null,
  position bigint not null,
  version int not null,
  reason text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (projection, stream_id))`;

// A reader that went by pos alone would lose events: a slow transaction can commit a lower pos after a higher one was read.
// Below xmin no transaction is open any more, so nothing can appear before what was read.
const FEED = `
create function feed(after_xid xid8, after_pos bigint, page int) returns setof events
language sql stable as $$
  select e.* from events e
  where (e.xid, e.pos) > (after_xid, after_pos) and e.xid < pg_snapshot_xmin(pg_current_snapshot())
  order by e.xid, e.pos limit page
$$`;

// The version is checked by reading, so a stale caller burns no transaction number; a true race ends in a unique violation,
// which rolls all of it back, and the next try reads what won. Since the check comes before the transaction has a number,
// a later version always has a later number: that is why it must be the first write of its transaction.
const APPEND = `
create function append_events(
  in_stream text, in_expected int, in_command uuid, in_ids uuid[], in_types text[], in_schema int, in_data jsonb[],
  in_meta jsonb, take_kinds text[], take_keys text[], release_kinds text[], release_keys text[],
  out outcome text, out version int, out detail text[])
language plpgsql as $$
declare
  current int;
  earlier record;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'append_events must be the first write of its transaction' using errcode = 'MU001';
  end if;

  -- The command is looked for after the version was read: whoever finds that another was quicker then also finds out whether
  -- that other one was itself, on another way.
  select coalesce(max(e.version), 0) into current from events e where e.stream_id = in_stream;
  select e.stream_id, e.version into earlier from events e where e.command_id = in_command;
  if found then
    if earlier.stream_id <> in_stream then
      outcome := 'command-reused'; detail := array[earlier.stream_id];
      return;
    end if;
    outcome := 'repeated';
    select max(e.version) into version from events e
      where e.stream_id = in_stream and e.version >= earlier.version and e.meta->>'commandId' = in_command::text;
    return;
  end if;

  if current <> in_expected then
    outcome := 'version-conflict'; version := current;
    return;
  end if;

  if cardinality(take_keys) > 0 then
    select array[r.kind, r.key] into detail from unnest(take_kinds, take_keys) t(kind, key)
      join reservations r using (kind, key) where r.stream_id <> in_stream limit 1;
    if found then
      outcome := 'reservation-taken';
      return;
    end if;
  end if;

  insert into events (stream_id, version, id, command_id, type, schema_version, data, meta)
    select in_stream, in_expected + n, e.id, case when n = 1 then in_command end, e.type, in_schema, e.data, in_meta
    from unnest(in_ids, in_types, in_data) with ordinality e(id, type, data, n) order by n;

  if cardinality(release_keys) > 0 then
    delete from reservations r using unnest(release_kinds, release_keys) t(kind, key)
      where r.kind = t.kind and r.key = t.key and r.stream_id = in_stream;
  end if;
  if cardinality(take_keys) > 0 then
    -- In order, so that two calls that take the same two keys never wait for each other.
    insert into reservations (kind, key, stream_id)
      select t.kind, t.key, in_stream from unnest(take_kinds, take_keys) t(kind, key)
      where not exists (select 1 from reservations r where r.kind = t.kind and r.key = t.key and r.stream_id = in_stream)
      order by t.kind, t.key;
  end if;

  outcome := 'appended';
  version := in_expected + cardinality(in_ids);
end $$`;

const NUMBER = `
create function number_events(in_token bigint, page int, out numbered int, out last bigint)
language plpgsql as $$
declare
  here relay;
begin
  select * into here from relay r where r.token = in_token;
  -- Looked at before it is locked: most turns find nothing, and then nothing is written.
  if found and not exists (select 1 from feed(here.xid, here.pos, 1)) then
    numbered := 0; last := here.position;
    return;
  end if;
  select * into here from relay r where r.token = in_token for update;
  if not found then
    raise exception 'the relay with token % no longer leads', in_token using errcode = 'MU002';
  end if;
  with read as (
    select f.stream_id, f.version, f.xid, f.pos, row_number() over (order by f.xid, f.pos) as n
    from feed(here.xid, here.pos, page) f
  ), given as (
    update events e set position = here.position + read.n from read
    where e.stream_id = read.stream_id and e.version = read.version
    returning read.xid, read.pos, read.n
  ), moved as (
    select g.xid, g.pos, g.n from given g order by g.n desc limit 1
  )
  update relay r set xid = moved.xid, pos = moved.pos, position = here.position + moved.n from moved;
  select r.position into last from relay r;
  numbered := last - here.position;
end $$`;
