/** Any text for property tests: every code unit, pairs and halves of them, more ASCII than else. */
import fc from 'fast-check';

const unit = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 0x7f }), weight: 4 },
  { arbitrary: fc.integer({ min: 0x80, max: 0xffff }), weight: 4 },
  { arbitrary: fc.integer({ min: 0x10000, max: 0x10ffff }), weight: 1 },
  { arbitrary: fc.integer({ min: 0xd800, max: 0xdfff }), weight: 1 },
);

export const anyText: fc.Arbitrary<string> = fc
  .array(unit, { maxLength: 40 })
  .map((units) => String.fromCodePoint(...units));
