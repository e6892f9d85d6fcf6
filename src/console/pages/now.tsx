/** How the gateway is doing, and what it decides, as it happens. */
import { AreaChart } from '@mantine/charts';
import { Alert, Badge, Card, Group, Select, SimpleGrid, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, type Result } from '../api.ts';
import type { EntryRow } from '../effect-badge.tsx';
import { EntryTable } from '../entry-table.tsx';
import { useStream } from '../live.ts';
import { Loaded, Page } from '../page.tsx';
import { SandboxBadge } from '../sandbox.tsx';

type Overview = Result<'getOverview'>;

const SHOWN_MAX = 100;

export function Now() {
  const overview = useQuery({
    queryKey: ['overview'],
    queryFn: () => ask('getOverview', {}),
    refetchInterval: 1_000,
  });
  return (
    <Page title="Now" about="How the gateway is doing, and what it decides, as it happens.">
      <Loaded query={overview}>{(now) => <Figures now={now} />}</Loaded>
      <Decisions />
    </Page>
  );
}

function Figures({ now }: { readonly now: Overview }) {
  const last = now.samples.at(-1);
  const perSecond =
    ((last?.permit ?? 0) + (last?.deny ?? 0) + (last?.hold ?? 0)) * (1_000 / now.sampleMs);
  return (
    <>
      {now.ledger.problem !== undefined && (
        <Alert color="red" title="Nothing is carried" role="alert">
          {now.ledger.problem}
        </Alert>
      )}
      <SimpleGrid cols={{ base: 2, sm: 4 }}>
        <Figure name="decisions a second" value={perSecond.toFixed(0)} />
        <Figure name="open calls" value={String(now.openCalls)} />
        <Figure
          name="latency, median and p99"
          value={now.latency ? `${words(now.latency.p50)} · ${words(now.latency.p99)}` : '–'}
        />
        <Figure name="ledger entries" value={now.ledger.size.toLocaleString()} />
      </SimpleGrid>
      <Card withBorder>
        <Title order={2} size="h5" mb="sm">
          Decisions, each second
        </Title>
        <AreaChart
          h={180}
          data={now.samples.map((sample) => ({
            ...sample,
            at: new Date(sample.at).toLocaleTimeString(),
          }))}
          dataKey="at"
          type="stacked"
          withDots={false}
          withLegend
          curveType="step"
          series={[
            { name: 'permit', color: 'green.6' },
            { name: 'hold', color: 'yellow.6' },
            { name: 'deny', color: 'red.6' },
          ]}
          areaProps={{ isAnimationActive: false }}
        />
      </Card>
      <Providers providers={now.providers} />
    </>
  );
}

function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <Card withBorder padding="sm">
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text fz="xl" fw={600} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {value}
      </Text>
    </Card>
  );
}

const HEALTH = {
  closed: { words: 'answers', colour: 'green' },
  trying: { words: 'being tried again', colour: 'yellow' },
  open: { words: 'left alone after failures', colour: 'red' },
} as const;

function Providers({ providers }: Pick<Overview, 'providers'>) {
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Provider</Table.Th>
            <Table.Th>Health</Table.Th>
            <Table.Th>Models</Table.Th>
            <Table.Th ta="right">Tokens in</Table.Th>
            <Table.Th ta="right">Tokens out</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {providers.map(({ name, kind, health, models, inputTokens, outputTokens }) => (
            <Table.Tr key={name}>
              <Table.Td>
                {name} {kind === 'sandbox' && <SandboxBadge />}
              </Table.Td>
              <Table.Td>
                <Badge color={HEALTH[health].colour} variant="light">
                  {HEALTH[health].words}
                </Badge>
              </Table.Td>
              <Table.Td>{models.join(', ')}</Table.Td>
              <Table.Td ta="right">{inputTokens.toLocaleString()}</Table.Td>
              <Table.Td ta="right">{outputTokens.toLocaleString()}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Decisions() {
  const [effect, setEffect] = useState<string | null>(null);
  const [entries, setEntries] = useState<readonly EntryRow[]>([]);
  const [leftOut, setLeftOut] = useState(0);
  const query = new URLSearchParams({ kind: 'decision', ...(effect ? { effect } : {}) });
  const link = useStream<'watchEntries'>(`/api/v1/entries/live?${query}`, (event) => {
    setEntries((before) => [...event.entries.toReversed(), ...before].slice(0, SHOWN_MAX));
    setLeftOut((before) => before + event.leftOut);
  });
  const choose = (chosen: string | null): void => {
    setEffect(chosen);
    setEntries([]);
    setLeftOut(0);
  };
  return (
    <Card withBorder>
      <Group justify="space-between" mb="sm">
        <Group gap="xs">
          <Title order={2} size="h5">
            Decisions
          </Title>
          <Badge color={link === 'open' ? 'green' : 'yellow'} variant="dot" role="status">
            {link === 'open' ? 'live' : link === 'lost' ? 'connecting again' : 'connecting'}
          </Badge>
        </Group>
        <Select
          aria-label="Show"
          placeholder="every decision"
          data={['permit', 'hold', 'deny']}
          value={effect}
          onChange={choose}
          clearable
          size="xs"
        />
      </Group>
      <EntryTable entries={entries} />
      {leftOut > 0 && (
        <Text size="xs" c="dimmed" mt="xs">
          {leftOut.toLocaleString()} more came than can be read; all of them are in the ledger.
        </Text>
      )}
    </Card>
  );
}

function words(ms: number): string {
  return ms < 10
    ? `${ms.toFixed(1)} ms`
    : ms < 1_000
      ? `${ms.toFixed(0)} ms`
      : `${(ms / 1_000).toFixed(1)} s`;
}
