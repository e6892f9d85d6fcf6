/** The terms in force: what was agreed, the rules that carry it out, and that they are proven. */
import {
  Accordion,
  Alert,
  Badge,
  Card,
  Code,
  Group,
  SimpleGrid,
  Stack,
  Table,
  Tabs,
  Text,
  Title,
} from '@mantine/core';
import { IconShieldCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { ask, type Result } from '../api.ts';
import { Loaded, Page } from '../page.tsx';
import { hasRole, useSession } from '../session.ts';
import { NextVersion } from './terms-next.tsx';

type Pack = Result<'getPack'>;
type Activation = Result<'listActivations'>[number];

export function Terms() {
  const pack = useQuery({
    queryKey: ['pack'],
    queryFn: () => ask('getPack', {}),
    refetchInterval: 10_000,
  });
  const session = useSession();
  const mayRead = hasRole(session, 'administrator', 'overseer', 'auditor');
  const mayCompare = hasRole(session, 'administrator', 'auditor');
  return (
    <Page
      title="Terms"
      about="What was agreed, clause by clause, beside the rules that carry it out."
    >
      <Loaded query={pack}>
        {(found) => (
          <Stack>
            <Head pack={found} />
            <Tabs defaultValue="clauses" keepMounted={false}>
              <Tabs.List>
                <Tabs.Tab value="clauses">Clauses and rules</Tabs.Tab>
                <Tabs.Tab value="approvals">Approvals</Tabs.Tab>
                {mayRead && <Tabs.Tab value="history">Proofs, signatures and history</Tabs.Tab>}
                {mayCompare && <Tabs.Tab value="next">The next version</Tabs.Tab>}
              </Tabs.List>
              <Tabs.Panel value="clauses" pt="md">
                <Clauses clauses={found.clauses} />
              </Tabs.Panel>
              <Tabs.Panel value="approvals" pt="md">
                <Approvals approvals={found.approvals} />
              </Tabs.Panel>
              {mayRead && (
                <Tabs.Panel value="history" pt="md">
                  <History />
                </Tabs.Panel>
              )}
              {mayCompare && (
                <Tabs.Panel value="next" pt="md">
                  <NextVersion />
                </Tabs.Panel>
              )}
            </Tabs>
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

function Head({ pack }: { readonly pack: Pack }) {
  return (
    <Card withBorder>
      <Group justify="space-between">
        <div>
          <Text fw={600}>{pack.title}</Text>
          <Text size="sm">
            {pack.id} {pack.version}
          </Text>
        </div>
        <Badge color="green" variant="light">
          in force
        </Badge>
      </Group>
      <Text size="xs" c="dimmed" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
        {pack.hash}
      </Text>
      <Text size="sm" mt="xs">
        {pack.parties.length === 0
          ? 'No parties are named: whoever runs this gateway brings terms into force alone.'
          : `Between ${pack.parties.map(({ name }) => name).join(' and ')}.`}
      </Text>
    </Card>
  );
}

const KINDS = {
  'red line': { colour: 'red', words: 'red line' },
  assurance: { colour: 'teal', words: 'assurance' },
  rule: { colour: 'gray', words: 'rule' },
} as const;

function Clauses({ clauses }: Pick<Pack, 'clauses'>) {
  return (
    <Accordion multiple variant="separated">
      {clauses.map(({ id, title, words, notEnforced, rules }) => (
        <Accordion.Item key={id} value={id}>
          <Accordion.Control>
            <Group gap="xs">
              <Text fw={600}>{title}</Text>
              <KindCounts rules={rules} />
            </Group>
          </Accordion.Control>
          <Accordion.Panel>
            <SimpleGrid cols={{ base: 1, md: 2 }}>
              <Text size="sm">{words}</Text>
              <Stack gap="sm">
                {notEnforced !== undefined && (
                  <Text size="sm" c="dimmed">
                    No rule: {notEnforced}
                  </Text>
                )}
                {rules.map(({ id: rule, kind, hold, source }) => (
                  <div key={rule}>
                    <Group gap="xs" mb={4}>
                      <Text size="sm" ff="monospace">
                        {rule}
                      </Text>
                      <Badge size="xs" color={KINDS[kind].colour} variant="light">
                        {KINDS[kind].words}
                      </Badge>
                      {hold !== undefined && (
                        <Badge size="xs" color="yellow" variant="light">
                          lifted by {hold}
                        </Badge>
                      )}
                    </Group>
                    <Code block fz="xs">
                      {source}
                    </Code>
                  </div>
                ))}
              </Stack>
            </SimpleGrid>
          </Accordion.Panel>
        </Accordion.Item>
      ))}
    </Accordion>
  );
}

function KindCounts({ rules }: Pick<Pack['clauses'][number], 'rules'>) {
  const counts = Map.groupBy(rules, ({ kind }) => kind);
  return [...counts].map(([kind, ofKind]) => (
    <Badge key={kind} size="sm" color={KINDS[kind].colour} variant="light">
      {ofKind.length} {KINDS[kind].words}
      {ofKind.length > 1 ? 's' : ''}
    </Badge>
  ));
}

function Approvals({ approvals }: Pick<Pack, 'approvals'>) {
  if (approvals.length === 0) return <Text c="dimmed">Nothing waits for people.</Text>;
  return (
    <Stack gap="xs">
      {approvals.map(({ name, meaning, count, roles }) => (
        <Text key={name} size="sm">
          <b>{name}</b>: {meaning} {count} of {roles.join(' or ')}.
        </Text>
      ))}
    </Stack>
  );
}

function History() {
  const activations = useQuery({
    queryKey: ['activations'],
    queryFn: () => ask('listActivations', {}),
  });
  return (
    <Loaded query={activations}>
      {(rows) => (
        <Stack>
          {rows.toReversed().map((activation) => (
            <ActivationCard key={activation.entry} activation={activation} />
          ))}
        </Stack>
      )}
    </Loaded>
  );
}

function ActivationCard({ activation }: { readonly activation: Activation }) {
  const { entry, at, id, version, hash, proof, tests, signatures, released, against } = activation;
  return (
    <Card withBorder>
      <Group justify="space-between">
        <Title order={2} size="h5">
          {id} {version}
        </Title>
        <Text size="sm">
          <Link href={`/ledger/${entry}`}>entry {entry}</Link>, {new Date(at).toLocaleString()}
        </Text>
      </Group>
      <Alert color="green" icon={<IconShieldCheck />} my="sm" title={`Proven by ${proof.solver}`}>
        <ul>
          {proof.checks.map((check) => (
            <li key={check}>{check}</li>
          ))}
        </ul>
      </Alert>
      <Table withRowBorders={false}>
        <Table.Tbody>
          <Row name="hash" value={hash} />
          <Row name="proven against" value={against ?? 'nothing: the first terms'} />
          <Row name="tests passed" value={String(tests)} />
          <Row
            name="red lines changed"
            value={
              released.length === 0
                ? 'none'
                : released.map(({ rule, by }) => `${rule}, released by ${by.join(', ')}`).join('; ')
            }
          />
        </Table.Tbody>
      </Table>
      {signatures.map((signature) => (
        <Code key={signature} block fz="xs" mt="xs">
          {signature}
        </Code>
      ))}
      {signatures.length === 0 && (
        <Text size="sm" c="dimmed">
          No party has a key in these terms, so nobody had to sign.
        </Text>
      )}
    </Card>
  );
}

function Row({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" w={180} fw={500}>
        {name}
      </Table.Th>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
    </Table.Tr>
  );
}
