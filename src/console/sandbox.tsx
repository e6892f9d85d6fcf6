/** The provider that makes its answers up is named so wherever it shows: nobody may take it for a model. */
import { Badge } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from './api.ts';
import type { EntryRow } from './effect-badge.tsx';
import { hasRole, useSession } from './session.ts';

export function SandboxBadge() {
  return (
    <Badge color="grape" variant="light" size="sm" tt="none">
      sandbox: made-up answers, no model
    </Badge>
  );
}

/** Tells the decisions and outcomes in which such a provider stands. */
export function useIsSandboxed(): (entry: Pick<EntryRow, 'public'>) => boolean {
  const mayAsk = hasRole(useSession(), 'administrator', 'overseer', 'auditor');
  const overview = useQuery({
    queryKey: ['overview'],
    queryFn: () => ask('getOverview', {}),
    enabled: mayAsk,
    staleTime: Infinity,
  });
  const names = new Set(
    overview.data?.providers.filter(({ kind }) => kind === 'sandbox').map(({ name }) => name),
  );
  return ({ public: { targets, attempts } }) => {
    const covered = Array.isArray(targets) ? targets : [];
    const tried = Array.isArray(attempts) ? (attempts as readonly { provider?: string }[]) : [];
    return (
      covered.some((target) => names.has(String(target).split('/', 1)[0] ?? '')) ||
      tried.some(({ provider = '' }) => names.has(provider))
    );
  };
}
