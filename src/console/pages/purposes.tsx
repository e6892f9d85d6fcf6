/** Registered purposes: what use is made of models, who answers for it, on what authority. */
import {
  Badge,
  Button,
  Card,
  Group,
  Modal,
  SimpleGrid,
  Stack,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAction } from '../action.ts';
import { ask, type Result } from '../api.ts';
import { Failure } from '../failure.tsx';
import { Loaded, Page } from '../page.tsx';
import { hasRole, useSession } from '../session.ts';

export function Purposes() {
  const purposes = useQuery({ queryKey: ['purposes'], queryFn: () => ask('listPurposes', {}) });
  const mayChange = hasRole(useSession(), 'administrator');
  const [isAdding, adding] = useDisclosure();
  return (
    <Page
      title="Purposes"
      about="What models are used for, who answers for it, and until when."
      actions={mayChange && <Button onClick={adding.open}>Register a purpose</Button>}
    >
      <Modal opened={isAdding} onClose={adding.close} title="Register a purpose">
        <Form onDone={adding.close} />
      </Modal>
      <Loaded query={purposes}>
        {(rows) =>
          rows.length === 0 ? (
            <Text>No purposes yet.</Text>
          ) : (
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              {rows.map((purpose) => (
                <Purpose key={purpose.id} purpose={purpose} mayChange={mayChange} />
              ))}
            </SimpleGrid>
          )
        }
      </Loaded>
    </Page>
  );
}

function Purpose({
  purpose,
  mayChange,
}: {
  readonly purpose: Result<'listPurposes'>[number];
  readonly mayChange: boolean;
}) {
  const ending = useAction('endPurpose', 'The purpose has ended.');
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
      {mayChange && state === 'open' && (
        <Group mt="xs">
          <Button
            size="xs"
            variant="default"
            loading={ending.isPending}
            onClick={() => ending.mutate({ id, at: new Date().toISOString() })}
          >
            End it now
          </Button>
        </Group>
      )}
      {ending.isError && <Failure error={ending.error} />}
    </Card>
  );
}

const TEXTS = {
  id: { label: 'Id', description: 'What calls name: letters, digits, `.`, `_` and `-`.' },
  title: { label: 'Title', description: undefined },
  owner: { label: 'Owner', description: 'The person or role that answers for the use.' },
  authority: { label: 'Authority', description: 'The law, contract or order that it rests on.' },
} as const;

const LISTS = {
  callers: { label: 'Callers', description: '`*` for everyone.' },
  teams: { label: 'Teams', description: undefined },
  dataClasses: { label: 'Data classes', description: undefined },
  allows: { label: 'Allows', description: 'Special permissions that the terms look at.' },
} as const;

function Form({ onDone }: { readonly onDone: () => void }) {
  const [texts, setTexts] = useState({ id: '', title: '', owner: '', authority: '' });
  const [lists, setLists] = useState({
    callers: [] as string[],
    teams: [] as string[],
    dataClasses: [] as string[],
    allows: [] as string[],
  });
  const adding = useAction('registerPurpose', 'The purpose is registered.', onDone);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        adding.mutate({ ...texts, ...lists });
      }}
    >
      <Stack>
        {(Object.keys(TEXTS) as (keyof typeof TEXTS)[]).map((name) => (
          <TextInput
            key={name}
            {...TEXTS[name]}
            required
            value={texts[name]}
            onChange={({ currentTarget: { value } }) => setTexts({ ...texts, [name]: value })}
          />
        ))}
        {(Object.keys(LISTS) as (keyof typeof LISTS)[]).map((name) => (
          <TagsInput
            key={name}
            {...LISTS[name]}
            value={lists[name]}
            onChange={(value) => setLists({ ...lists, [name]: value })}
          />
        ))}
        <Button type="submit" loading={adding.isPending}>
          Register
        </Button>
        {adding.isError && <Failure error={adding.error} />}
      </Stack>
    </form>
  );
}
