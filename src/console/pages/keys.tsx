/** Callers' keys: who holds one, and until when. */
import {
  Alert,
  Badge,
  Button,
  Modal,
  Stack,
  Table,
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
import { Once } from '../once.tsx';
import { Loaded, Page } from '../page.tsx';
import { hasRole, useSession } from '../session.ts';
import { Tokens } from './tokens.tsx';

export function Keys() {
  const keys = useQuery({ queryKey: ['keys'], queryFn: () => ask('listKeys', {}) });
  const mayChange = hasRole(useSession(), 'administrator');
  const [isMaking, making] = useDisclosure();
  const [made, setMade] = useState<string>();
  return (
    <Page
      title="Keys"
      about="Each caller has its own; the ledger has only their hashes."
      actions={mayChange && <Button onClick={making.open}>Make a key</Button>}
    >
      {made !== undefined && (
        <Alert color="green" title="A new key" withCloseButton onClose={() => setMade(undefined)}>
          <Once words="For the client, as its API key." value={made} />
        </Alert>
      )}
      <Loaded query={keys}>{(rows) => <KeyTable rows={rows} mayChange={mayChange} />}</Loaded>
      <Tokens mayChange={mayChange} />
      <Modal opened={isMaking} onClose={making.close} title="Make a key">
        <Form
          onDone={({ key }) => {
            setMade(key);
            making.close();
          }}
        />
      </Modal>
    </Page>
  );
}

function KeyTable({
  rows,
  mayChange,
}: {
  readonly rows: Result<'listKeys'>;
  readonly mayChange: boolean;
}) {
  const revoking = useAction('revokeKey', 'The key opens nothing from now on.');
  if (rows.length === 0) return <Text>No keys yet.</Text>;
  return (
    <>
      {revoking.isError && <Failure error={revoking.error} />}
      <Table.ScrollContainer minWidth={600}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Key</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Caller</Table.Th>
              <Table.Th>Owner</Table.Th>
              <Table.Th>Teams</Table.Th>
              <Table.Th>Until</Table.Th>
              <Table.Th aria-label="Changes" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(({ id, state, holder }) => (
              <Table.Tr key={id}>
                <Table.Td ff="monospace">prv_{id}</Table.Td>
                <Table.Td>
                  <Badge color={state === 'active' ? 'green' : 'gray'} variant="light">
                    {state}
                  </Badge>
                </Table.Td>
                <Table.Td>{holder?.caller}</Table.Td>
                <Table.Td>{holder?.owner}</Table.Td>
                <Table.Td>{holder?.teams.join(', ')}</Table.Td>
                <Table.Td>{holder?.expiresAt?.slice(0, 10) ?? ''}</Table.Td>
                <Table.Td>
                  {mayChange && state === 'active' && (
                    <Button
                      size="xs"
                      variant="default"
                      aria-label={`Revoke prv_${id}`}
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

function Form({ onDone }: { readonly onDone: (made: Result<'createKey'>) => void }) {
  const [caller, setCaller] = useState('');
  const [owner, setOwner] = useState('');
  const [organisation, setOrganisation] = useState('');
  const [teams, setTeams] = useState<string[]>([]);
  const making = useAction('createKey', 'The key is in force.', onDone);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        making.mutate({ caller, owner, organisation, teams, clearance: 0, purposes: [] });
      }}
    >
      <Stack>
        <TextInput
          label="Caller"
          description="The name of the agent, service or person that will hold it."
          required
          value={caller}
          onChange={({ currentTarget }) => setCaller(currentTarget.value)}
        />
        <TextInput
          label="Owner"
          description="The person or role that answers for the caller."
          required
          value={owner}
          onChange={({ currentTarget }) => setOwner(currentTarget.value)}
        />
        <TextInput
          label="Organisation"
          required
          value={organisation}
          onChange={({ currentTarget }) => setOrganisation(currentTarget.value)}
        />
        <TagsInput label="Teams" value={teams} onChange={setTeams} />
        <Button type="submit" loading={making.isPending}>
          Make the key
        </Button>
        {making.isError && <Failure error={making.error} />}
      </Stack>
    </form>
  );
}
