/** The one who is signed in: what they may do, and a further passkey of theirs. */
import { Button, Card, Group, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Failure } from '../failure.tsx';
import { Told } from '../outcome.tsx';
import { Page } from '../page.tsx';
import { useSession } from '../session.ts';
import { type Outcome, useFurtherPasskey } from '../signed-change.ts';

export function You() {
  const { name, roles, teams } = useSession();
  const [outcome, setOutcome] = useState<Outcome>();
  const adding = useFurtherPasskey(setOutcome);
  return (
    <Page title={name} about="What you may do here, and with what you sign.">
      {outcome && <Told outcome={outcome} onClose={() => setOutcome(undefined)} />}
      <Card withBorder>
        <Text size="sm">Roles: {roles.join(', ') || 'none'}.</Text>
        <Text size="sm">Teams: {teams.join(', ') || 'none'}.</Text>
      </Card>
      <Card withBorder>
        <Title order={2} size="h5" mb="xs">
          A further passkey
        </Title>
        <Text size="sm">
          On another device or security key, so that one that is lost does not keep you out. You
          make it, and then sign for it with one that you have.
        </Text>
        <Group mt="sm">
          <Button loading={adding.isPending} onClick={() => adding.mutate()}>
            Add a passkey
          </Button>
        </Group>
        {adding.isError && <Failure error={adding.error} />}
      </Card>
    </Page>
  );
}
