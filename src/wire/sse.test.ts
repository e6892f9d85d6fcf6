import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type SseEvent, sseReader, sseText } from './sse.ts';

const MAX = 1 << 20;

function readAll(bytes: Uint8Array, cuts: readonly number[] = []): SseEvent[] {
  const reader = sseReader(MAX);
  const events: SseEvent[] = [];
  let from = 0;
  for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    events.push(...reader.push(bytes.subarray(from, cut)));
    from = cut;
  }
  return [...events, ...reader.end()];
}

const read = (text: string) => readAll(Buffer.from(text));
const message = (data: string): SseEvent => ({ event: 'message', data });

test('an event ends with an empty line, however its lines end', () => {
  for (const end of ['\n', '\r', '\r\n']) {
    const text = ['event: a', 'data: 1', '', 'data: 2', '', ''].join(end);
    assert.deepEqual(read(text), [{ event: 'a', data: '1' }, message('2')], JSON.stringify(end));
  }
});

test('a CRLF that is cut in two is one line end', () => {
  const bytes = Buffer.from('data: 1\r\ndata: 2\r\n\r\n');
  for (let cut = 0; cut <= bytes.length; cut++) {
    assert.deepEqual(readAll(bytes, [cut]), [message('1\n2')], `cut at ${cut}`);
  }
});

test('lines of data are joined, one space after the colon is not part of them', () => {
  assert.deepEqual(read('data:1\ndata:  2\ndata\ndata:\n\n'), [message('1\n 2\n\n')]);
});

test('comments, other fields and events without data are passed over', () => {
  assert.deepEqual(read(': ping\n\nid: 7\nretry: 9\nevent: x\n\ndata: 1\n\n'), [message('1')]);
  assert.deepEqual(read('event: x\nevent\ndata: 1\n\n'), [message('1')]);
  assert.deepEqual(read('database: 1\neventual: x\n\n'), []);
});

test('a byte order mark at the start is passed over, elsewhere it is text', () => {
  assert.deepEqual(read('\ufeffdata: 1\n\n'), [message('1')]);
  assert.deepEqual(read('data: \ufeff\n\n'), [message('\ufeff')]);
  const bytes = Buffer.from('\ufeffdata: 1\n\n');
  assert.deepEqual(readAll(bytes, [1, 2]), [message('1')]);
});

test('the last event is given without its empty line', () => {
  assert.deepEqual(read('data: 1\n\ndata: 2'), [message('1'), message('2')]);
  assert.deepEqual(read('data: 1\n'), [message('1')]);
});

test('a character that is cut off for good becomes the replacement character', () => {
  const bytes = Buffer.from('data: é').subarray(0, -1);
  assert.deepEqual(readAll(bytes), [message('\ufffd')]);
  const malformed = Buffer.concat([Buffer.from('data: '), Buffer.from([0xe0, 0x80])]);
  assert.deepEqual(readAll(malformed), [message('\ufffd\ufffd')]);
});

test('an event past the limit is refused, in one line or in many, also between line ends', () => {
  const reader = sseReader(100);
  assert.deepEqual(reader.push(Buffer.from(`data: ${'x'.repeat(50)}\n`)), []);
  assert.throws(() => reader.push(Buffer.from(`data: ${'x'.repeat(50)}\n`)), {
    code: 'upstream_invalid',
  });
  assert.throws(() => sseReader(100).push(Buffer.from('x'.repeat(101))), {
    code: 'upstream_invalid',
  });
});

test('many small events do not count together', () => {
  const reader = sseReader(100);
  for (let i = 0; i < 50; i++) {
    assert.deepEqual(reader.push(Buffer.from(sseText('x'.repeat(40)))), [message('x'.repeat(40))]);
  }
});

test('what is written is read', () => {
  const word = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n]/.test(text));
  fc.assert(
    fc.property(word, fc.constantFrom(undefined, 'ping', 'message_start'), (data, event) => {
      assert.deepEqual(read(sseText(data, event)), [{ event: event ?? 'message', data }]);
    }),
  );
});

/** The parsing rules of the standard, read literally and all at once. */
function naive(bytes: Uint8Array): SseEvent[] {
  const text = new TextDecoder().decode(bytes);
  const events: SseEvent[] = [];
  let event = '';
  let data: string[] = [];
  for (const line of [...text.split(/\r\n|\r|\n/), '']) {
    const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (line === '') {
      if (data.length > 0) events.push({ event: event || 'message', data: data.join('\n') });
      event = '';
      data = [];
    } else if (field === 'data') data.push(value ?? '');
    else if (field === 'event') event = value ?? '';
  }
  return events;
}

test('cut anywhere, bytes give the events that the standard’s rules give', () => {
  const piece = fc.oneof(
    fc.constantFrom('data:', 'data: ', 'event: ', ':', '\n', '\r', '\r\n', '\n\n', 'id: 1', ' '),
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('é', '€', '😀', '\ufeff'),
  );
  const text = fc.array(piece, { maxLength: 60 }).map((pieces) => Buffer.from(pieces.join('')));
  const junk = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  const bytes = fc
    .array(fc.oneof({ weight: 4, arbitrary: text }, junk), { maxLength: 4 })
    .map((buffers) => Buffer.concat(buffers));
  const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 20 });
  fc.assert(
    fc.property(bytes, cuts, (given, at) => {
      const inside = at.filter((cut) => cut <= given.length);
      assert.deepEqual(readAll(given, inside), naive(given));
    }),
    { numRuns: 2_000 },
  );
});
