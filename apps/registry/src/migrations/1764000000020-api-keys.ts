import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The list of API keys, and the timeline by whose key something was done. */
export class ApiKeys1764000000020 implements MigrationInterface {
  readonly name = 'ApiKeys1764000000020';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table api_keys (
        key_id uuid primary key,
        -- No reference: the key stays in the list for a while when the account is gone.
        owner_id uuid not null,
        owner_name text not null,
        name text not null,
        prefix text not null,
        permissions text[] not null,
        models text[],
        expires_at timestamptz,
        limits jsonb,
        created_at timestamptz not null,
        revoked_at timestamptz,
        last_used_at timestamptz,
        version int not null
      );
      create index api_keys_of_owner on api_keys (owner_id);
      create index history_by_key_of on history ((meta->'actor'->'owner'->>'id'), at desc, position desc, id desc)
        where actor_kind = 'key';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index history_by_key_of; drop table api_keys');
  }
}
