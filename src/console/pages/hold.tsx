/**
 * One action that waits: all of it, as the gateway made it to be shown, and the answer of the one
 * who is signed in.
 */
import { Alert, Badge, Button, Card, Group, Stack, Text, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useParams } from 'wouter';
import { ask, type Result } from '../api.ts';
import { type Display, requireShown, ShownOtherwise } from '../asked.ts';
import { useAttention } from '../attention.ts';
import { Failure } from '../failure.tsx';
import { usePollMs } from '../hold-feed.tsx';
import { Loaded, Page } from '../page.tsx';
import { signWithPasskey } from '../passkey.ts';
import { ShownAction } from '../shown-action.tsx';
import { TimeLeft } from '../time-left.tsx';
import { StateBadge } from './inbox.tsx';

type Hold = Result<'getHold'>;

export function HoldPage() {
  const { hold: id } = useParams<{ hold: string }>();
  const hold = useQuery({
    queryKey: ['hold', id],
    queryFn: () => ask('getHold', { hold: id }),
    refetchInterval: usePollMs(),
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
  // What the gateway says is to be signed, where that is not what it gave before.
  const [given, setGiven] = useState<Display>();
  const display = given ?? hold.display;
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
      <ShownAction display={display} />
      {hold.state === 'open' && hold.objection === undefined && (
        <Answer hold={hold} display={display} onOther={setGiven} />
      )}
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

function Answer({
  hold,
  display,
  onOther,
}: {
  readonly hold: Hold;
  readonly display: Display;
  readonly onOther: (display: Display) => void;
}) {
  const [reason, setReason] = useState('');
  const attention = useAttention();
  const queries = useQueryClient();
  const { hold: id, action } = hold;
  const said = (words: string) => () => {
    notifications.show({ message: words });
    return queries.invalidateQueries();
  };
  const approving = useMutation({
    async mutationFn() {
      const asked = await ask('askHold', { hold: id, verdict: 'approve' });
      if (!asked.options) throw new Error('You have no passkey to sign with.');
      await requireShown(asked, display, action);
      const assertion = await signWithPasskey(asked.options);
      return ask('signHold', { hold: id, challenge: asked.challenge, assertion, ...attention() });
    },
    onSuccess: said('You signed.'),
    onError(error) {
      if (error instanceof ShownOtherwise) onOther(error.display);
    },
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
