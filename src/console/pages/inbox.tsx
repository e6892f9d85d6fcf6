/** What waits for the one who is signed in: what is asked, and how long there is. */
import { Badge, Card, Group, Stack, Switch, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { ask } from '../api.ts';
import { type HoldRow, usePollMs, useSound } from '../hold-feed.tsx';
import { Loaded, Page } from '../page.tsx';
import { TimeLeft } from '../time-left.tsx';

export function Inbox() {
  const [isAll, setAll] = useState(false);
  const [hasSound, setSound] = useSound();
  const state = isAll ? 'all' : 'open';
  const holds = useQuery({
    queryKey: ['holds', state],
    queryFn: () => ask('listHolds', { state }),
    refetchInterval: usePollMs(),
  });
  return (
    <Page
      title="Inbox"
      about="Actions that wait for people. Nothing moves before they have signed."
      actions={
        <Group>
          <Switch
            label="Sound"
            checked={hasSound}
            onChange={({ currentTarget }) => setSound(currentTarget.checked)}
          />
          <Switch
            label="Also those of the last day"
            checked={isAll}
            onChange={({ currentTarget }) => setAll(currentTarget.checked)}
          />
        </Group>
      }
    >
      <Loaded query={holds}>
        {(rows) =>
          rows.length === 0 ? (
            <Text c="dimmed">Nothing waits for you.</Text>
          ) : (
            <Stack gap="sm" component="ul" p={0} style={{ listStyle: 'none' }}>
              {rows.map((hold) => (
                <HoldCard key={hold.hold} hold={hold} />
              ))}
            </Stack>
          )
        }
      </Loaded>
    </Page>
  );
}

const STATES: Readonly<Record<HoldRow['state'], string>> = {
  open: 'yellow',
  approved: 'blue',
  released: 'green',
  rejected: 'red',
  denied: 'red',
  expired: 'gray',
  lapsed: 'gray',
};

export function StateBadge({ state }: Pick<HoldRow, 'state'>) {
  return (
    <Badge color={STATES[state]} variant="light">
      {state}
    </Badge>
  );
}

function HoldCard({ hold }: { readonly hold: HoldRow }) {
  const { hold: id, what, caller, purpose, state, asks, expiresAt, objection } = hold;
  const missing = asks.reduce((sum, each) => sum + each.missing, 0);
  return (
    <li>
      <Card withBorder component={Link} href={`/inbox/${id}`} td="none" c="inherit">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <div>
            <Group gap="xs">
              <Text fw={600} ff="monospace">
                {what}
              </Text>
              <StateBadge state={state} />
            </Group>
            <Text size="sm">
              wanted by {caller}
              {purpose === undefined ? '' : ` for ${purpose}`}
            </Text>
            <Text size="sm" c="dimmed">
              {state === 'open' && objection === undefined
                ? `${missing} ${missing === 1 ? 'signature is' : 'signatures are'} missing: ${asks.map(({ meaning }) => meaning).join('; ')}`
                : objection}
            </Text>
          </div>
          {state === 'open' && <TimeLeft until={expiresAt} size="sm" />}
        </Group>
      </Card>
    </li>
  );
}
