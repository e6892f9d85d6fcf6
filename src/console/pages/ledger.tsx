/** The ledger: found by what stands in clear, and each entry a way to its proof. */
import { Button, Group, Select, Text, TextInput } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { ask, type Input } from '../api.ts';
import { EntryTable } from '../entry-table.tsx';
import { Loaded, Page } from '../page.tsx';

type Filter = Pick<Input<'listEntries'>, 'kind' | 'effect' | 'purpose' | 'rule'>;

const KINDS = [
  'decision',
  'outcome',
  'hold',
  'approval',
  'release',
  'terms',
  'person',
  'key',
  'purpose',
];

export function Ledger() {
  const [filter, setFilter] = useState<Filter>({});
  const entries = useInfiniteQuery({
    queryKey: ['entries', filter],
    queryFn: ({ pageParam }) =>
      ask('listEntries', { ...filter, ...(pageParam === undefined ? {} : { before: pageParam }) }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ next }) => next,
  });
  return (
    <Page title="Ledger" about="Everything that was decided and changed, and never rewritten.">
      <Filters filter={filter} onChange={setFilter} />
      <Loaded query={entries}>
        {({ pages }) => (
          <>
            <EntryTable entries={pages.flatMap((page) => page.entries)} />
            <Group justify="space-between">
              <Text size="sm" c="dimmed">
                {pages[0]?.size.toLocaleString()} entries are published.
              </Text>
              {entries.hasNextPage && (
                <Button
                  variant="default"
                  loading={entries.isFetchingNextPage}
                  onClick={() => void entries.fetchNextPage()}
                >
                  Older
                </Button>
              )}
            </Group>
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Filters({
  filter,
  onChange,
}: {
  readonly filter: Filter;
  readonly onChange: (filter: Filter) => void;
}) {
  const [, navigate] = useLocation();
  const text = (name: 'purpose' | 'rule', label: string) => (
    <TextInput
      label={label}
      value={filter[name] ?? ''}
      onChange={({ currentTarget: { value } }) =>
        onChange({ ...filter, [name]: value || undefined })
      }
    />
  );
  return (
    <Group align="flex-end">
      <Select
        label="Kind"
        placeholder="any"
        clearable
        data={KINDS}
        value={filter.kind ?? null}
        onChange={(kind) => onChange({ ...filter, kind: kind ?? undefined })}
      />
      <Select
        label="Effect"
        placeholder="any"
        clearable
        data={['permit', 'hold', 'deny']}
        value={filter.effect ?? null}
        onChange={(effect) => onChange({ ...filter, effect: effect ?? undefined })}
      />
      {text('purpose', 'Purpose')}
      {text('rule', 'Rule')}
      <TextInput
        label="Go to entry"
        inputMode="numeric"
        onKeyDown={({ key, currentTarget: { value } }) => {
          if (key === 'Enter' && /^\d+$/.test(value)) navigate(`/ledger/${value}`);
        }}
      />
    </Group>
  );
}
