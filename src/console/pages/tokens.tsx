/** Tokens with which machines use the control API. */
import {
  Badge,
  Button,
  Card,
  Group,
  MultiSelect,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAction } from '../action.ts';
import { ask, type Input, type Result } from '../api.ts';
import { Failure } from '../failure.tsx';
import { Once } from '../once.tsx';
import { Loaded } from '../page.tsx';

type Role = Input<'createToken'>['roles'][number];

const ROLES: Role[] = ['administrator', 'overseer', 'auditor'];
const DAY_MS = 24 * 60 * 60 * 1000;

export function Tokens({ mayChange }: { readonly mayChange: boolean }) {
  const tokens = useQuery({ queryKey: ['tokens'], queryFn: () => ask('listTokens', {}) });
  return (
    <Card withBorder>
      <Title order={2} size="h5">
        Tokens
      </Title>
      <Text size="sm" mb="sm">
        With which machines use the control API. A token changes no people and makes no token.
      </Text>
      <Loaded query={tokens}>{(rows) => <TokenTable rows={rows} mayChange={mayChange} />}</Loaded>
      {mayChange && <Form />}
    </Card>
  );
}

function TokenTable({
  rows,
  mayChange,
}: {
  readonly rows: Result<'listTokens'>;
  readonly mayChange: boolean;
}) {
  const revoking = useAction('revokeToken', 'The token opens nothing from now on.');
  if (rows.length === 0) return <Text size="sm">No tokens yet.</Text>;
  return (
    <>
      {revoking.isError && <Failure error={revoking.error} />}
      <Table.ScrollContainer minWidth={500}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>For</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Roles</Table.Th>
              <Table.Th>Until</Table.Th>
              <Table.Th aria-label="Changes" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(({ id, name, state, roles, expiresAt }) => (
              <Table.Tr key={id}>
                <Table.Td>{name}</Table.Td>
                <Table.Td>
                  <Badge color={state === 'active' ? 'green' : 'gray'} variant="light">
                    {state}
                  </Badge>
                </Table.Td>
                <Table.Td>{roles.join(', ')}</Table.Td>
                <Table.Td>{expiresAt.slice(0, 10)}</Table.Td>
                <Table.Td>
                  {mayChange && state === 'active' && (
                    <Button
                      size="xs"
                      variant="default"
                      aria-label={`Revoke the token for ${name}`}
                      onClick={() => revoking.mutate({ id })}
                    >
                      Revoke
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}

function Form() {
  const [name, setName] = useState('');
  const [roles, setRoles] = useState<Role[]>([]);
  const [days, setDays] = useState('30');
  const [token, setToken] = useState<string>();
  const making = useAction('createToken', 'The token is in force.', (made) => {
    setToken(made.token);
    setName('');
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const expiresAt = new Date(Date.now() + Number(days) * DAY_MS).toISOString();
        making.mutate({ name, roles, expiresAt });
      }}
    >
      <Stack mt="sm" gap="sm">
        <Group align="flex-end">
          <TextInput
            label="What a new token is for"
            required
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <MultiSelect label="Its roles" data={ROLES} value={roles} onChange={setRoles} />
          <TextInput
            label="Days"
            type="number"
            min={1}
            max={365}
            required
            value={days}
            onChange={({ currentTarget }) => setDays(currentTarget.value)}
          />
          <Button type="submit" disabled={roles.length === 0} loading={making.isPending}>
            Make a token
          </Button>
        </Group>
        {making.isError && <Failure error={making.error} />}
        {token !== undefined && <Once words="The token, for the machine." value={token} />}
      </Stack>
    </form>
  );
}
