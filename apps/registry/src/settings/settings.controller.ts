import type { Call } from '@muster/bus';
import { ChangeAccessKey, ReadSettings, type ReplyOf, type RequestOf, ShowAccessKey } from '@muster/contracts';
import { Answers } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { metaOf } from '../meta.js';
import { SettingsBucket } from './settings-bucket.js';
import { Settings } from './settings.js';

/** How orders about the settings reach the decision. */
@Controller()
export class SettingsController {
  constructor(
    @Inject(Settings) private readonly settings: Settings,
    @Inject(SettingsBucket) private readonly bucket: SettingsBucket,
  ) {}

  @Answers(ReadSettings)
  read(): Promise<ReplyOf<typeof ReadSettings>> {
    return this.settings.read();
  }

  @Answers(ShowAccessKey)
  show(_request: RequestOf<typeof ShowAccessKey>, { caller }: Call): Promise<ReplyOf<typeof ShowAccessKey>> {
    return this.settings.show(metaOf(caller));
  }

  @Answers(ChangeAccessKey)
  async change(
    { accessKey }: RequestOf<typeof ChangeAccessKey>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof ChangeAccessKey>> {
    const changed = await this.settings.change(accessKey, metaOf(caller));
    // It stands in the database; if it cannot be told at once, the next comparison will.
    await this.bucket.tell().catch(() => undefined);
    return changed;
  }
}
