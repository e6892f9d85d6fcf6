/**
 * One action that waits: all of it, as the gateway made it to be shown, and the answer of the one
 * who is signed in.
 */
import {
  Alert,
  Badge,
  Button,
  Card,
  Group,
  Stack,
  Table,
  Text,
  Textarea,
  Title,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useParams } from 'wouter';
import { ask, type Result } from '../api.ts';
import { useAttention } from '../attention.ts';
import { Failure } from '../failure.tsx';
import { Loaded, Page } from '../page.tsx';
import { signWithPasskey } from '../passkey.ts';
import { TimeLeft } from '../time-left.tsx';
import { StateBadge } from './inbox.tsx';

type Hold = Result<'getHold'>;

export function HoldPage() {
  const { hold: id } = useParams<{ hold: string }>();
  const hold = useQuery({
    queryKey: ['hold', id],
    queryFn: () => ask('getHold', { hold: id }),
    refetchInterval: 1_000,
  });
  return (
    <Page
      title={hold.data?.what ?? 'An action'}
      about="All that would be done, exactly as it would be done."
    >
      <Loaded query={hold}>{(found) => <Found hold={found} />}</Loaded>
    </Page>
  );
}

function Found({ hold }: { readonly hold: Hold }) {
  return (
    <Stack>
      <Group>
        <StateBadge state={hold.state} />
        {hold.state === 'open' && <TimeLeft until={hold.expiresAt} />}
      </Group>
      {hold.drill !== undefined && (
        <Alert color="grape" title="This was a drill">
          It was made up, and to be rejected: {hold.drill}
        </Alert>
      )}
      <Asked hold={hold} />
      <Shown display={hold.display} />
      {hold.state === 'open' && hold.objection === undefined && <Answer hold={hold} />}
      {hold.state === 'open' && hold.objection !== undefined && (
        <Alert color="gray" title="Not for you to sign">
          {hold.objection}
        </Alert>
      )}
      <Text size="xs" c="dimmed">
        {hold.hold} · opened by <Link href={`/ledger/${hold.decision}`}>entry {hold.decision}</Link>
        {hold.end !== undefined && (
          <>
            {' '}
            · ended by <Link href={`/ledger/${hold.end}`}>entry {hold.end}</Link>
          </>
        )}{' '}
        · action {hold.actionHash}
      </Text>
    </Stack>
  );
}

function Asked({ hold: { asks, answers } }: { readonly hold: Hold }) {
  return (
    <Card withBorder>
      <Stack gap="xs">
        {asks.map(({ approval, meaning, count, missing, roles, distinct }) => (
          <Group key={approval} justify="space-between">
            <Text size="sm">
              <b>{meaning}</b> {count === 1 ? 'One signature' : `${count} signatures`} of{' '}
              {roles.join(' or ')}
              {count > 1 && distinct === 'teams' ? ', of different teams' : ''}.
            </Text>
            <Badge color={missing === 0 ? 'green' : 'yellow'} variant="light">
              {count - missing} of {count} signed
            </Badge>
          </Group>
        ))}
        {answers.map(({ person, verdict, at, strength, reason, entry }) => (
          <Text key={entry} size="sm" c="dimmed">
            <Link href={`/ledger/${entry}`}>{verdict === 'approve' ? 'Signed' : 'Rejected'}</Link>{' '}
            by {person} at {new Date(at).toLocaleTimeString()} ({strength})
            {reason === undefined ? '' : `: “${reason}”`}
          </Text>
        ))}
      </Stack>
    </Card>
  );
}

const BY = { gateway: '', caller: 'written by the caller', model: 'written by the model' } as const;

/** Line by line, none left out: what is signed covers each of them. */
function Shown({ display }: Pick<Hold, 'display'>) {
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="xs">
        What would be done
      </Title>
      <Table layout="auto" aria-label="The action">
        <Table.Tbody>
          {display.lines.map(({ label, value, by }) => (
            <Table.Tr key={label + value}>
              <Table.Th scope="row" w="30%" fw={500} style={{ verticalAlign: 'top' }}>
                {label}
                {BY[by] !== '' && (
                  <Text size="xs" c="orange">
                    {BY[by]}
                  </Text>
                )}
              </Table.Th>
              <Table.Td ff="monospace" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                {value}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="xs" c="dimmed" mt="xs">
        Display {display.version}, {display.hash}. Characters that cannot be seen, or that pass for
        others, are written out as ⟨U+…⟩.
      </Text>
    </Card>
  );
}

function Answer({ hold }: { readonly hold: Hold }) {
  const [reason, setReason] = useState('');
  const attention = useAttention();
  const queries = useQueryClient();
  const { hold: id, display } = hold;
  const said = (words: string) => () => {
    notifications.show({ message: words });
    return queries.invalidateQueries();
  };
  const approving = useMutation({
    async mutationFn() {
      const asked = await ask('askHold', { hold: id, verdict: 'approve' });
      if (asked.display.hash !== display.hash) {
        throw new Error('What is to be signed is not what is shown here. Look at it again.');
      }
      if (!asked.options) throw new Error('You have no passkey to sign with.');
      const assertion = await signWithPasskey(asked.options);
      return ask('signHold', { hold: id, challenge: asked.challenge, assertion, ...attention() });
    },
    onSuccess: said('You signed.'),
  });
  const rejecting = useMutation({
    mutationFn: () => ask('rejectHold', { hold: id, reason: reason.trim(), ...attention() }),
    onSuccess: said('You rejected it.'),
  });
  return (
    <Card withBorder component="section" aria-label="Your answer">
      <Stack>
        <Textarea
          label="Reason"
          description="Needed to reject."
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
          autosize
          minRows={2}
          maxLength={1_000}
        />
        <Group grow>
          <Button
            color="red"
            variant="outline"
            disabled={reason.trim() === ''}
            loading={rejecting.isPending}
            onClick={() => rejecting.mutate()}
          >
            Reject
          </Button>
          <Button color="green" loading={approving.isPending} onClick={() => approving.mutate()}>
            Approve with a passkey
          </Button>
        </Group>
        {approving.isError && <Failure error={approving.error} />}
        {rejecting.isError && <Failure error={rejecting.error} />}
      </Stack>
    </Card>
  );
}
