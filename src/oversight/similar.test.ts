import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeAction } from './action.ts';
import type { Hold } from './hold.ts';
import { lastSimilar } from './similar.ts';

interface Made {
  readonly tool?: string;
  readonly caller?: string;
  readonly asks?: readonly string[];
  /** The entry that ended it, and how. */
  readonly end?: readonly [entry: number, end: 'released' | 'rejected'];
}

let entry = 0;

function hold(berth: number, { tool = 'move', caller = 'planner', asks = ['force'], end }: Made) {
  const action = makeAction({
    kind: 'tool_call',
    arguments: { berth },
    asks,
    caller: { id: caller, owner: 'o', organisation: 'g', teams: [] },
    expiresAt: 0,
    ledger: 'l',
    model: null,
    purpose: null,
    terms: '0'.repeat(64),
    tool: { name: tool, classes: [], definition: null },
  });
  const made: Hold = {
    id: `hld_${berth}`,
    entry: entry++,
    decision: 0,
    openedAt: 0,
    expiresAt: 0,
    requirements: [],
    answers: [],
    isDrill: false,
    shown: action,
    action,
    origin: {},
    end: end && { end: end[1], entry: end[0], at: 0 },
  };
  return made;
}

test('the last one like it is the newest that was released before it was opened', () => {
  const holds = [
    hold(1, { end: [100, 'released'] }),
    hold(2, { end: [90, 'released'] }),
    hold(3, { end: [110, 'rejected'] }),
    hold(4, { end: [120, 'released'], tool: 'sink' }),
    hold(5, { end: [120, 'released'], caller: 'another' }),
    hold(6, { end: [120, 'released'], asks: ['force', 'night'] }),
    hold(7, {}),
  ];
  const waiting = { ...hold(8, {}), entry: 200 };
  const later = hold(9, { end: [201, 'released'] });
  const found = lastSimilar(waiting, [...holds, waiting, later]);
  assert.deepEqual(found?.kind === 'tool_call' && found.arguments, { berth: 1 });
  assert.equal(lastSimilar({ ...waiting, entry: 90 }, holds), undefined);
  assert.equal(lastSimilar(waiting, []), undefined);
});
