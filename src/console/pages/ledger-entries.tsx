/** Entries by what stands in clear; by caller, provider or time, where one may look into the vault. */
import { Alert, Button, Group, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useLocation } from 'wouter';
import { ask, type Result } from '../api.ts';
import { type EntryFilter, instantOf } from '../entry-filters.tsx';
import { EntryTable } from '../entry-table.tsx';
import { Loaded } from '../page.tsx';

type Found = Result<'listEntries'> | Result<'searchEntries'>;

const TYPING_MS = 300;

export function Entries({
  filter,
  filters,
}: {
  readonly filter: EntryFilter;
  readonly filters: ReactNode;
}) {
  const [asked] = useDebouncedValue(filter, TYPING_MS);
  const entries = useInfiniteQuery({
    queryKey: ['entries', asked],
    queryFn: ({ pageParam }) => find(asked, pageParam),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ next }) => next,
  });
  return (
    <>
      <Group align="flex-end" mb="md" gap="sm">
        {filters}
        <GoTo />
      </Group>
      <Loaded query={entries}>
        {({ pages }) => (
          <>
            {pages.some((page) => 'elsewhere' in page && page.elsewhere.length > 0) && (
              <Alert color="yellow" title="Not all was searched" mb="sm">
                Some entries lie in archives that are not at hand.
              </Alert>
            )}
            <EntryTable entries={pages.flatMap((page): Found['entries'] => page.entries)} />
            <Group justify="space-between" mt="sm">
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
    </>
  );
}

/** What only the index knows is asked of the index, and all it finds is held to the log. */
function find(filter: EntryFilter, before: number | undefined): Promise<Found> {
  const { caller, provider, from, to, ...clear } = filter;
  const isIndexed = [caller, provider, from, to].some((value) => value !== undefined);
  if (!isIndexed) return ask('listEntries', { ...clear, before });
  const span = { from: instantOf(from), to: instantOf(to) };
  return ask('searchEntries', { ...clear, caller, provider, ...span, before });
}

function GoTo() {
  const [, navigate] = useLocation();
  return (
    <TextInput
      label="Go to entry"
      inputMode="numeric"
      w={120}
      onKeyDown={({ key, currentTarget: { value } }) => {
        if (key === 'Enter' && /^\d+$/.test(value)) navigate(`/ledger/${value}`);
      }}
    />
  );
}
