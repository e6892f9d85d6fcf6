/** Who comes in: the pages for whoever is signed in, else the ways to sign in. */
import { Center, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Route, Router, Switch } from 'wouter';
import { ApiError, ask } from './api.ts';
import { Failure } from './failure.tsx';
import { Invitation } from './pages/invitation.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { SignedOn } from './pages/signed-on.tsx';
import { Rooms } from './rooms.tsx';
import { SessionContext } from './session.ts';

export function Door() {
  return (
    <Router base="/console">
      <Switch>
        <Route path="/invitation" component={Invitation} />
        <Route path="/signed-on" component={SignedOn} />
        <Route component={Inside} />
      </Switch>
    </Router>
  );
}

function Inside() {
  const session = useQuery({
    queryKey: ['session'],
    queryFn: () => ask('getSession', {}),
    // A session that has ended shows the way in again, whatever page is open.
    refetchInterval: 60_000,
    retry: false,
  });
  if (session.isPending) {
    return (
      <Center h="100dvh">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  if (session.data && !session.isError) {
    return (
      <SessionContext value={session.data}>
        <Rooms />
      </SessionContext>
    );
  }
  const isOut = session.error instanceof ApiError && session.error.code === 'session_required';
  return isOut ? <SignIn /> : <Failure error={session.error} onRetry={() => session.refetch()} />;
}
