/** The frame of a page: its name, what it is for, and its content once that is there. */
import { Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Failure } from './failure.tsx';
import { useHoldFeed } from './hold-feed.tsx';

export function Page({
  title,
  about,
  actions,
  children,
}: {
  readonly title: string;
  readonly about: string;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  const { waiting } = useHoldFeed();
  useDocumentTitle(`${waiting > 0 ? `(${waiting}) ` : ''}${title} · Proviso`);
  return (
    <Stack maw={1100} mx="auto">
      <Group justify="space-between" align="flex-start">
        <div>
          <Title order={1} size="h3">
            {title}
          </Title>
          <Text c="dimmed" size="sm">
            {about}
          </Text>
        </div>
        {actions}
      </Group>
      {children}
    </Stack>
  );
}

/** What was asked for, once it has come; else that it is on its way, or why it will not come. */
export function Loaded<T>({
  query,
  children,
}: {
  readonly query: UseQueryResult<T>;
  readonly children: (data: T) => ReactNode;
}) {
  if (query.isError) return <Failure error={query.error} onRetry={query.refetch} />;
  if (query.data === undefined) {
    return (
      <Stack gap="xs" aria-busy="true" aria-label="Loading">
        {[1, 2, 3].map((row) => (
          <Skeleton key={row} height={28} />
        ))}
      </Stack>
    );
  }
  return children(query.data);
}
