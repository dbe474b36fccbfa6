import type { Call } from '@muster/bus';
import {
  ChangeAccessKey,
  ChangeSettings,
  EndKeyRotation,
  ReadSettings,
  type ReplyOf,
  type RequestOf,
  type SettingsValues,
  ShowAccessKey,
} from '@muster/contracts';
import { Answers } from '@muster/service';
import { Controller, Inject } from '@nestjs/common';
import { metaOf } from '../meta.js';
import { KeyRotation } from './key-rotation.js';
import { SettingsBucket } from './settings-bucket.js';
import { Settings } from './settings.js';

/** How orders about the settings reach the decision. */
@Controller()
export class SettingsController {
  constructor(
    @Inject(Settings) private readonly settings: Settings,
    @Inject(SettingsBucket) private readonly bucket: SettingsBucket,
    @Inject(KeyRotation) private readonly rotation: KeyRotation,
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
  changeKey(
    { accessKey, expectedVersion }: RequestOf<typeof ChangeAccessKey>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof ChangeAccessKey>> {
    return this.#told(this.settings.changeKey(accessKey, metaOf(caller), expectedVersion));
  }

  @Answers(EndKeyRotation)
  endRotation(
    { expectedVersion }: RequestOf<typeof EndKeyRotation>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof EndKeyRotation>> {
    const { former, unknown } = this.rotation.holders();
    return this.#told(this.settings.endRotation([...former, ...unknown], metaOf(caller), { expectedVersion }));
  }

  @Answers(ChangeSettings)
  change(
    { expectedVersion, ...given }: RequestOf<typeof ChangeSettings>,
    { caller }: Call,
  ): Promise<ReplyOf<typeof ChangeSettings>> {
    return this.#told(this.settings.change(onlyGiven(given), metaOf(caller), expectedVersion));
  }

  /** It stands in the database; if it cannot be told at once, the next comparison will. */
  async #told<Reply>(changing: Promise<Reply>): Promise<Reply> {
    const changed = await changing;
    await this.bucket.tell().catch(() => undefined);
    return changed;
  }
}

type Given = { [Name in keyof SettingsValues]?: SettingsValues[Name] | undefined };

const onlyGiven = (given: Given): Partial<SettingsValues> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
