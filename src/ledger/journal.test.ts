import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Disk, nodeDisk } from './disk.ts';
import { RECORD_HEADER_BYTES, readJournal, sealRecord, segmentPath } from './journal.ts';
import { EMPTY_ROOT } from './tree.ts';

const dir = mkdtempSync(join(tmpdir(), 'proviso-journal-'));
mkdirSync(join(dir, 'journal'));
after(() => rmSync(dir, { recursive: true }));

function record(firstIndex: number, entries: string, values = ''): Buffer {
  const bytes = Buffer.alloc(RECORD_HEADER_BYTES + entries.length + values.length);
  bytes.write(entries + values, RECORD_HEADER_BYTES, 'latin1');
  sealRecord(bytes, {
    firstIndex,
    count: 1,
    at: 1_760_000_000_000,
    root: EMPTY_ROOT,
    entriesBytes: entries.length,
    keysBytes: 0,
    valuesBytes: values.length,
  });
  return bytes;
}

async function found(...segments: [number, Buffer][]): Promise<number[]> {
  rmSync(join(dir, 'journal'), { recursive: true });
  mkdirSync(join(dir, 'journal'));
  for (const [start, bytes] of segments) writeFileSync(join(dir, segmentPath(start)), bytes);
  const records = await Array.fromAsync(readJournal(nodeDisk, dir));
  return records.map((each) => each.record.firstIndex);
}

test('a record has the bytes of docs/spec/ledger.md', () => {
  assert.equal(
    record(258, '\0\x02{}', 'v').toString('hex'),
    '5052564a4e4c3031' + // PRVJNL01
      '00000055' + // 85 bytes
      'c007d802' + // CRC-32
      '0000000000000102' + // first entry 258
      '00000001' +
      '00000004' +
      '00000000' +
      '00000001' +
      '00000199c82cc000' + // 1,760,000,000,000 ms
      Buffer.from(EMPTY_ROOT, 'latin1').toString('hex') +
      '00027b7d' +
      '76',
  );
});

test('records are read in order, over segments, with all their parts', async () => {
  const [a, b, c] = [record(0, 'a'), record(1, 'bb', 'values'), record(2, 'c')];
  assert.deepEqual(await found([0, Buffer.concat([a, b])], [2, c]), [0, 1, 2]);
  const [, second] = await Array.fromAsync(readJournal(nodeDisk, dir));
  assert.equal(second?.record.entries.toString(), 'bb');
  assert.equal(second.record.values.toString(), 'values');
  assert.equal(second.record.at, 1_760_000_000_000);
  assert.equal(second.record.root, EMPTY_ROOT);
});

test('a record that is torn at any byte, or changed in any, is not read', async () => {
  const [a, b] = [record(0, 'a'), record(1, 'bb', 'values')];
  for (let end = 0; end < b.length; end++) {
    const torn = Buffer.concat([a, b.subarray(0, end)]);
    assert.deepEqual(await found([0, torn]), [0], `torn at ${end}`);
    const changed = Buffer.concat([a, b]);
    changed[a.length + end] = (changed[a.length + end] as number) ^ 1;
    assert.deepEqual(await found([0, changed]), [0], `changed at ${end}`);
  }
});

test('whole records after one that is not are named, since no crash leaves them', async () => {
  const damaged = Buffer.concat([record(0, 'a'), record(1, 'bb'), record(2, 'c')]);
  damaged[record(0, 'a').length + 20] = 0xff;
  await assert.rejects(found([0, damaged]), { code: 'ledger_corrupt' });
});

test('a record that was written while its segment was read is whole when it is read again', async () => {
  const [a, b, c] = [record(0, 'a'), record(1, 'bb'), record(2, 'c')];
  const whole = Buffer.concat([a, b, c]);
  const torn = Buffer.from(whole);
  torn.fill(0, a.length, a.length + 40);
  /** The journal as reads of its one segment find it, one after another. */
  const read = async (...states: (Buffer | undefined)[]) => {
    const disk: Disk = {
      ...nodeDisk,
      list: async () => ['0'.repeat(16)],
      read: async () => states.shift(),
    };
    const records = await Array.fromAsync(readJournal(disk, dir));
    return records.map((each) => each.record.firstIndex);
  };
  assert.deepEqual(await read(torn, whole), [0, 1, 2]);
  assert.deepEqual(await read(torn, undefined), [0], 'it was published and removed');
  await assert.rejects(read(torn, torn), { code: 'ledger_corrupt' });
});
