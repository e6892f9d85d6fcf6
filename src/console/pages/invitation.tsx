/** An invitation, opened by its link: who is invited, and the passkey that they make. */
import { Button, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { ask } from '../api.ts';
import { Failure } from '../failure.tsx';
import { makePasskey } from '../passkey.ts';
import { Threshold } from './threshold.tsx';

export function Invitation() {
  // Behind `#`, so that no server ever sees it.
  const [invitation] = useState(() => window.location.hash.slice(1));
  const [code, setCode] = useState('');
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const given = { invitation, ...(code.trim() === '' ? {} : { code: code.trim() }) };
  const opening = useMutation({ mutationFn: () => ask('beginRegistration', given) });
  const registering = useMutation({
    async mutationFn({ id, options }: NonNullable<typeof opening.data>) {
      return ask('finishRegistration', { ...given, id, passkey: await makePasskey(options) });
    },
    onSuccess(session) {
      queries.setQueryData(['session'], session);
      navigate('/', { replace: true });
    },
  });
  if (opening.data) {
    const { name, roles, teams } = opening.data;
    return (
      <Threshold title={`Welcome, ${name}`}>
        <Text size="sm">
          Roles: {roles.join(', ') || 'none'}. Teams: {teams.join(', ') || 'none'}.
        </Text>
        <Text size="sm">
          A passkey stands for you from now on: it stays on your device or security key, and asks
          for your face, finger or PIN each time you sign.
        </Text>
        <Button onClick={() => registering.mutate(opening.data)} loading={registering.isPending}>
          Make a passkey
        </Button>
        {registering.isError && <Failure error={registering.error} />}
      </Threshold>
    );
  }
  return (
    <Threshold title="You are invited">
      <TextInput
        label="Code"
        description="Only where you were given one beside the link."
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
      <Button onClick={() => opening.mutate()} loading={opening.isPending}>
        Open the invitation
      </Button>
      {opening.isError && <Failure error={opening.error} />}
    </Threshold>
  );
}
