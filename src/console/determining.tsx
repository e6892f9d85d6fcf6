/** Why a decision is what it is: the rules that determined it, each with the words that it enforces. */
import { Alert, Badge, Blockquote, Card, Code, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { ask, type Result } from './api.ts';
import type { EntryRow } from './effect-badge.tsx';
import { Loaded } from './page.tsx';

type Pack = Result<'getPack'>;

export function Determining({ entry }: { readonly entry: EntryRow }) {
  const { rules, terms } = entry.public;
  const pack = useQuery({ queryKey: ['pack'], queryFn: () => ask('getPack', {}) });
  const ids = Array.isArray(rules) ? rules.map(String) : [];
  if (typeof terms !== 'string') return null;
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="sm">
        Why
      </Title>
      {ids.length === 0 && (
        <Text size="sm">No rule permits it, and what none permits is denied.</Text>
      )}
      <Loaded query={pack}>
        {(inForce) =>
          inForce.hash === terms ? (
            <Stack gap="md">
              {ids.map((id) => (
                <Rule key={id} id={id} pack={inForce} />
              ))}
            </Stack>
          ) : (
            <Earlier ids={ids} terms={terms} />
          )
        }
      </Loaded>
    </Card>
  );
}

function Rule({ id, pack }: { readonly id: string; readonly pack: Pack }) {
  const clause = pack.clauses.find(({ rules }) => rules.some((rule) => rule.id === id));
  const rule = clause?.rules.find((each) => each.id === id);
  if (!clause || !rule) return <Code>{id}</Code>;
  return (
    <div>
      <Group gap="xs">
        <Text fw={600}>{clause.title}</Text>
        <Code>{id}</Code>
        {rule.hold !== undefined && (
          <Badge color="yellow" variant="light" size="sm">
            lifted by {rule.hold}
          </Badge>
        )}
      </Group>
      <Blockquote p="sm" my="xs" color="gray" fz="sm">
        {clause.words}
      </Blockquote>
      <Code block fz="xs" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {rule.source}
      </Code>
    </div>
  );
}

/** The words of terms that are over lie where they were kept; the ledger says which they were. */
function Earlier({ ids, terms }: { readonly ids: readonly string[]; readonly terms: string }) {
  const activations = useQuery({
    queryKey: ['activations'],
    queryFn: () => ask('listActivations', {}),
  });
  const then = activations.data?.find(({ hash }) => hash === terms);
  return (
    <Alert color="gray" title="By other terms than those in force now">
      <Text size="sm">
        {then ? (
          <>
            {then.id} {then.version}, in force by{' '}
            <Link href={`/ledger/${then.entry}`}>entry {then.entry}</Link>.
          </>
        ) : (
          <Code>{terms}</Code>
        )}{' '}
        {ids.length > 0 && `Its rules: ${ids.join(', ')}.`}
      </Text>
    </Alert>
  );
}
