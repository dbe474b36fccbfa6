import type { Status } from '@muster/contracts';
import { aNode, NODE_ID, OTHER_ID } from '../testing/examples.js';
import { announcementOf } from './announcer.js';

const status = (colour: Status['colour'], words: string): Status => ({ ...aNode().status, colour, words });
const before = new Map<string, Status['colour']>([
  [NODE_ID, 'green'],
  [OTHER_ID, 'green'],
]);

describe('announcementOf', () => {
  it('tells of a node that changes colour, in the words of its status', () => {
    expect(announcementOf(before, [aNode({ status: status('red', 'Silent') })])).toBe('brisk-otter: Silent');
  });

  it('stays calm about the same colour and about nodes that are new', () => {
    expect(announcementOf(before, [aNode()])).toBeUndefined();
    expect(announcementOf(new Map(), [aNode()])).toBeUndefined();
  });

  it('sums up when many change at once', () => {
    const red = status('red', 'Silent');
    const nodes = [aNode({ status: red }), aNode({ nodeId: OTHER_ID, status: red })];
    expect(announcementOf(before, nodes)).toBe('2 nodes changed their status');
  });
});
