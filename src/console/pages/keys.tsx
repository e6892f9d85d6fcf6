/** Callers' keys: who holds one, and until when. */
import { Badge, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask, type Result } from '../api.ts';
import { Loaded, Page } from '../page.tsx';

export function Keys() {
  const keys = useQuery({ queryKey: ['keys'], queryFn: () => ask('listKeys', {}) });
  return (
    <Page title="Keys" about="Each caller has its own; the ledger has only their hashes.">
      <Loaded query={keys}>{(rows) => <KeyTable rows={rows} />}</Loaded>
    </Page>
  );
}

function KeyTable({ rows }: { readonly rows: Result<'listKeys'> }) {
  if (rows.length === 0) return <Text>No keys yet.</Text>;
  return (
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
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
