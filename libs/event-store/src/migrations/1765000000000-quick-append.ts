import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An append of one event, by far the most frequent, is one statement within the function; the answer is one JSON value. */
export class QuickAppend1765000000000 implements MigrationInterface {
  readonly name = 'QuickAppend1765000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('drop function append_events');
    await runner.query(VERDICT);
    await runner.query(APPEND);
  }

  async down(): Promise<void> {
    throw new Error('The append of the release before is not made again: restore a backup instead');
  }
}

// The command is looked for after the version was read: whoever finds that another was quicker then also finds out whether
// that other one was itself, on another way.
const VERDICT = `
create function append_verdict(in_stream text, in_expected int, in_command uuid) returns jsonb
language plpgsql as $$
declare
  current int;
  earlier record;
begin
  select coalesce(max(e.version), 0) into current from events e where e.stream_id = in_stream;
  select e.stream_id, e.version into earlier from events e where e.command_id = in_command;
  if found then
    if earlier.stream_id <> in_stream then
      return jsonb_build_object('outcome', 'command-reused', 'detail', array[earlier.stream_id]);
    end if;
    return (select jsonb_build_object('outcome', 'repeated', 'version', max(e.version)) from events e
      where e.stream_id = in_stream and e.version >= earlier.version and e.meta->>'commandId' = in_command::text);
  end if;
  if current <> in_expected then
    return jsonb_build_object('outcome', 'version-conflict', 'version', current);
  end if;
  return null;
end $$`;

// The version is checked by reading, so a stale caller burns no transaction number; a true race ends in a unique violation,
// which rolls all of it back, and the next try reads what won. Since the check comes before the transaction has a number,
// a later version always has a later number: that is why it must be the first write of its transaction.
// One event: a command that was carried out before has moved the version, so whoever repeats it is stale and asks for the
// verdict. One that has read the stream since meets the unique index of the commands instead.
const APPEND = `
create function append_events(
  in_stream text, in_expected int, in_command uuid, in_ids uuid[], in_types text[], in_schema int, in_data jsonb[],
  in_meta jsonb, take_kinds text[], take_keys text[], release_kinds text[], release_keys text[]) returns jsonb
language plpgsql as $$
declare
  verdict jsonb;
  taken text[];
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'append_events must be the first write of its transaction' using errcode = 'MU001';
  end if;

  if cardinality(in_ids) = 1 and cardinality(take_keys) = 0 and cardinality(release_keys) = 0 then
    loop
      insert into events (stream_id, version, id, command_id, type, schema_version, data, meta)
        select in_stream, in_expected + 1, in_ids[1], in_command, in_types[1], in_schema, in_data[1], in_meta
        where in_expected = coalesce(
          (select e.version from events e where e.stream_id = in_stream order by e.version desc limit 1), 0);
      if found then
        return jsonb_build_object('outcome', 'appended', 'version', in_expected + 1);
      end if;
      verdict := append_verdict(in_stream, in_expected, in_command);
      if verdict is not null then
        return verdict;
      end if;
      -- The stream came to the expected version between the two statements: once more.
    end loop;
  end if;

  verdict := append_verdict(in_stream, in_expected, in_command);
  if verdict is not null then
    return verdict;
  end if;

  if cardinality(take_keys) > 0 then
    select array[r.kind, r.key] into taken from unnest(take_kinds, take_keys) t(kind, key)
      join reservations r using (kind, key) where r.stream_id <> in_stream limit 1;
    if found then
      return jsonb_build_object('outcome', 'reservation-taken', 'detail', taken);
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

  return jsonb_build_object('outcome', 'appended', 'version', in_expected + cardinality(in_ids));
end $$`;
