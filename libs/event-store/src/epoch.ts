import type pg from 'pg';

/**
 * Begins a new epoch of the feed when the database has come into another cluster since it was last opened, as by a dump and
 * restore: the transaction numbers that it brought may lie ahead of the cluster's own. Also when such numbers are found
 * without that, as after the cluster itself was reset. Returns the new epoch, if one began.
 */
export async function raiseEpochIfMoved(client: Pick<pg.Client, 'query'>): Promise<number | undefined> {
  const { rows } = await client.query<{ moved: boolean }>(
    `select p.cluster <> (select system_identifier::text from pg_control_system())
       or exists (select 1 from events e where e.epoch = p.epoch and e.xid >= pg_snapshot_xmax(pg_current_snapshot()))
       as moved
     from epochs p order by p.epoch desc limit 1`,
  );
  if (rows[0]?.moved !== true) return undefined;
  const raised = await client.query<{ epoch: number }>('select raise_epoch() as epoch');
  return raised.rows[0]?.epoch;
}
