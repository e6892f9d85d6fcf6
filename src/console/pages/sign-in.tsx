/** The way in: a passkey, or the organisation's own sign-in where one is configured. */
import { Button, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ask } from '../api.ts';
import { Failure } from '../failure.tsx';
import { signWithPasskey } from '../passkey.ts';
import { Threshold } from './threshold.tsx';

export function SignIn() {
  const queries = useQueryClient();
  const ways = useQuery({ queryKey: ['ways'], queryFn: () => ask('getSignInWays', {}) });
  const passkey = useMutation({
    async mutationFn() {
      const { id, options } = await ask('beginSignIn', {});
      return ask('signIn', { id, assertion: await signWithPasskey(options) });
    },
    onSuccess: (session) => queries.setQueryData(['session'], session),
  });
  const oidc = useMutation({
    async mutationFn() {
      const { location, flow } = await ask('beginOidc', {});
      sessionStorage.setItem('flow', flow);
      window.location.assign(location);
    },
  });
  return (
    <Threshold title="Sign in">
      {ways.data?.hasAdministrator === false && (
        <Text size="sm">
          Nobody is registered here yet. The first administrator opens the one-time link that was
          printed when the gateway first started.
        </Text>
      )}
      <Button onClick={() => passkey.mutate()} loading={passkey.isPending}>
        Sign in with a passkey
      </Button>
      {ways.data?.oidc && (
        <Button variant="default" onClick={() => oidc.mutate()} loading={oidc.isPending}>
          Sign in with {ways.data.oidc.name}
        </Button>
      )}
      {passkey.isError && <Failure error={passkey.error} />}
      {oidc.isError && <Failure error={oidc.error} />}
    </Threshold>
  );
}
