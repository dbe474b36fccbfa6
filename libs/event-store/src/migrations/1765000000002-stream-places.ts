import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far read models have come that are filled from a stream of the bus. */
export class StreamPlaces1765000000002 implements MigrationInterface {
  readonly name = 'StreamPlaces1765000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table stream_places (
        reader text primary key,
        -- When the stream was made: one that was lost counts from 1 again. Empty before the first fact.
        life text not null,
        sequence bigint not null)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table stream_places');
  }
}
