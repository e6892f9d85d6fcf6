/** Where the organisation's sign-in sends the browser back to. */
import { Loader } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useLocation } from 'wouter';
import { ask } from '../api.ts';
import { Failure } from '../failure.tsx';
import { Threshold } from './threshold.tsx';

export function SignedOn() {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const session = useQuery({
    queryKey: ['signed-on'],
    async queryFn() {
      const flow = sessionStorage.getItem('flow') ?? '';
      sessionStorage.removeItem('flow');
      return ask('finishOidc', { flow, query: window.location.search });
    },
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  useEffect(() => {
    if (!session.data) return;
    queries.setQueryData(['session'], session.data);
    navigate('/', { replace: true });
  }, [session.data, queries, navigate]);
  return (
    <Threshold title="Signing in">
      {session.isError ? <Failure error={session.error} /> : <Loader aria-label="Signing in" />}
    </Threshold>
  );
}
