/** Registered purposes: what use is made of models, who answers for it, on what authority. */
import { Badge, Card, Group, SimpleGrid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask, type Result } from '../api.ts';
import { Loaded, Page } from '../page.tsx';

export function Purposes() {
  const purposes = useQuery({ queryKey: ['purposes'], queryFn: () => ask('listPurposes', {}) });
  return (
    <Page title="Purposes" about="What models are used for, who answers for it, and until when.">
      <Loaded query={purposes}>
        {(rows) =>
          rows.length === 0 ? (
            <Text>No purposes yet.</Text>
          ) : (
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              {rows.map((purpose) => (
                <Purpose key={purpose.id} purpose={purpose} />
              ))}
            </SimpleGrid>
          )
        }
      </Loaded>
    </Page>
  );
}

function Purpose({ purpose }: { readonly purpose: Result<'listPurposes'>[number] }) {
  const { id, title, owner, authority, state, models, tools, allows, endsAt } = purpose;
  return (
    <Card withBorder>
      <Group justify="space-between" wrap="nowrap">
        <Text fw={600}>{title}</Text>
        <Badge color={state === 'open' ? 'green' : 'gray'} variant="light">
          {state}
        </Badge>
      </Group>
      <Text size="sm" ff="monospace" c="dimmed">
        {id}
      </Text>
      <Text size="sm" mt="xs">
        {owner} answers for it. Authority: {authority}.
      </Text>
      {models && <Text size="sm">Models: {models.join(', ')}</Text>}
      {tools && <Text size="sm">Tools: {tools.join(', ')}</Text>}
      {allows.length > 0 && <Text size="sm">Allows: {allows.join(', ')}</Text>}
      {endsAt && <Text size="sm">Until {endsAt.slice(0, 10)}</Text>}
    </Card>
  );
}
