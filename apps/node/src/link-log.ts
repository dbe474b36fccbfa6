import type { LinkNotice } from '@muster/node-link';
import type { Log } from './log.js';

const REFUSALS_A_MINUTE = 20;
const MINUTE_MS = 60_000;

/**
 * Tells the log what happens at the port. Strangers can not fill the log: of refusals twenty a minute are told one by one,
 * the others as a count at the end of that minute.
 */
export function linkLog(log: Log): (notice: LinkNotice) => void {
  let refusals = 0;
  const refused = (words: string) => {
    refusals += 1;
    if (refusals === 1) {
      setTimeout(() => {
        const untold = refusals - REFUSALS_A_MINUTE;
        if (untold > 0) log.write('warning', 'link', `Refused ${untold} more within a minute`);
        refusals = 0;
      }, MINUTE_MS).unref();
    }
    if (refusals <= REFUSALS_A_MINUTE) log.write('warning', 'link', words);
  };
  return (notice) => {
    switch (notice.type) {
      case 'linked':
        return log.write('info', 'link', `Linked with ${notice.peer}, key ${notice.keyId}`);
      case 'ended':
        return log.write(
          notice.how === 'goodbye' || notice.how === 'stopping' ? 'info' : 'warning',
          'link',
          `Link with ${notice.peer} ended: ${notice.how}`,
        );
      case 'refused':
        return refused(`Refused ${notice.peer}: ${notice.reason}`);
    }
  };
}
