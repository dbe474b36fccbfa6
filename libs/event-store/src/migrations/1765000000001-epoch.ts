import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Transaction numbers count up within one cluster. A database that was dumped and restored elsewhere holds numbers that the
 * new cluster has not come to yet: new events would be read before old ones, and old ones hidden. So each event also says
 * in which epoch it was written, and the feed is ordered by that first.
 */
export class Epoch1765000000001 implements MigrationInterface {
  readonly name = 'Epoch1765000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(COLUMNS);
    await runner.query(RAISE);
    await runner.query('drop function number_events');
    await runner.query('drop function feed');
    await runner.query(FEED);
    await runner.query(NUMBER);
    await runner.query('drop index events_feed');
    await runner.query('alter index events_feed_in_epochs rename to events_feed');
  }

  async down(): Promise<void> {
    throw new Error('An event store with epochs does not go back to one without: restore a backup instead');
  }
}

const COLUMNS = `
-- A constant default costs an append nothing; raising the epoch changes it.
alter table events add column epoch int not null default 1;
create index events_feed_in_epochs on events (epoch, xid, pos);
alter table relay add column epoch int not null default 1;

create table epochs (
  epoch int primary key,
  -- The cluster that it began in, by its own word (pg_control_system).
  cluster text not null,
  at timestamptz not null default clock_timestamp());
insert into epochs (epoch, cluster) select 1, system_identifier::text from pg_control_system()`;

// The table is locked, so whoever still writes in the old epoch has committed before the new one begins: everything of an
// earlier epoch is there to be read, whatever its transaction numbers are.
const RAISE = `
create function raise_epoch() returns int language plpgsql as $$
declare
  raised int;
begin
  lock table events in access exclusive mode;
  insert into epochs (epoch, cluster)
    select max(e.epoch) + 1, (select system_identifier::text from pg_control_system()) from epochs e
    returning epoch into raised;
  execute format('alter table events alter column epoch set default %s', raised);
  return raised;
end $$`;

// A reader that went by pos alone would lose events: a slow transaction can commit a lower pos after a higher one was read.
// Below xmin no transaction is open any more, so nothing can appear before what was read.
const FEED = `
create function feed(after_epoch int, after_xid xid8, after_pos bigint, page int) returns setof events
language sql stable as $$
  select e.* from events e
  where (e.epoch, e.xid, e.pos) > (after_epoch, after_xid, after_pos)
    and (e.xid < pg_snapshot_xmin(pg_current_snapshot()) or e.epoch < (select max(p.epoch) from epochs p))
  order by e.epoch, e.xid, e.pos limit page
$$`;

const NUMBER = `
create function number_events(in_token bigint, page int, out numbered int, out last bigint)
language plpgsql as $$
declare
  here relay;
begin
  select * into here from relay r where r.token = in_token;
  -- Looked at before it is locked: most turns find nothing, and then nothing is written.
  if found and not exists (select 1 from feed(here.epoch, here.xid, here.pos, 1)) then
    numbered := 0; last := here.position;
    return;
  end if;
  select * into here from relay r where r.token = in_token for update;
  if not found then
    raise exception 'the relay with token % no longer leads', in_token using errcode = 'MU002';
  end if;
  with read as (
    select f.stream_id, f.version, f.epoch, f.xid, f.pos, row_number() over (order by f.epoch, f.xid, f.pos) as n
    from feed(here.epoch, here.xid, here.pos, page) f
  ), given as (
    update events e set position = here.position + read.n from read
    where e.stream_id = read.stream_id and e.version = read.version
    returning read.epoch, read.xid, read.pos, read.n
  ), moved as (
    select g.epoch, g.xid, g.pos, g.n from given g order by g.n desc limit 1
  )
  update relay r set epoch = moved.epoch, xid = moved.xid, pos = moved.pos, position = here.position + moved.n from moved;
  select r.position into last from relay r;
  numbered := last - here.position;
end $$`;
