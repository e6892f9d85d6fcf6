/** What an entry says at a glance: a decision's effect, or the kind of the entry. */
import { Badge } from '@mantine/core';
import type { Result } from './api.ts';

export type EntryRow = Result<'listEntries'>['entries'][number];

const COLOURS: Readonly<Record<string, string>> = {
  permit: 'green',
  deny: 'red',
  hold: 'yellow',
  failed: 'red',
  lost: 'red',
};

export function EffectBadge({ entry }: { readonly entry: EntryRow }) {
  const { effect, outcome, verdict } = entry.public;
  const word = [effect, outcome, verdict].find((each) => typeof each === 'string') ?? entry.kind;
  return (
    <Badge color={COLOURS[String(word)] ?? 'gray'} variant="light" miw={80}>
      {String(word)}
    </Badge>
  );
}
