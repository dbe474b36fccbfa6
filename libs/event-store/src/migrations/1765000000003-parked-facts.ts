import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A parked stream shows the fact that it waits at, whichever store that lies in, and how often it was tried. */
export class ParkedFacts1765000000003 implements MigrationInterface {
  readonly name = 'ParkedFacts1765000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table parked
        add column fact jsonb,
        add column tries int not null default 1,
        add column tried_at timestamptz not null default clock_timestamp();
      update parked p set tried_at = p.at, fact = coalesce(
        (select jsonb_build_object('type', e.type, 'data', e.data, 'meta', e.meta, 'at', e.at)
           from events e where e.stream_id = p.stream_id and e.version = p.version),
        '{"type": "unknown", "at": ""}');
      alter table parked alter column fact set not null`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table parked drop column fact, drop column tries, drop column tried_at');
  }
}
