/** Tools of MCP servers: which definition of each may be called, and what has changed since. */
import { Alert, Badge, Button, Code, Group, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAction } from '../action.ts';
import { ask, type Result } from '../api.ts';
import { Failure } from '../failure.tsx';
import { Loaded, Page } from '../page.tsx';
import { hasRole, useSession } from '../session.ts';

type Pin = Result<'listTools'>[number];

export function Tools() {
  const tools = useQuery({ queryKey: ['tools'], queryFn: () => ask('listTools', {}) });
  return (
    <Page
      title="Tools"
      about="Of MCP servers: the definition that was accepted is the one that may be called."
    >
      <Loaded query={tools}>
        {(rows) =>
          rows.length === 0 ? (
            <Text c="dimmed">No MCP server has offered a tool yet.</Text>
          ) : (
            <Stack>
              {rows
                .filter(({ offered }) => offered !== undefined)
                .map((pin) => (
                  <Changed key={pin.server + pin.tool} pin={pin} />
                ))}
              <ToolTable rows={rows} />
            </Stack>
          )
        }
      </Loaded>
    </Page>
  );
}

function Changed({ pin: { server, tool, offered = '' } }: { readonly pin: Pin }) {
  const [isOpen, setOpen] = useState(false);
  const mayAccept = hasRole(useSession(), 'administrator');
  const found = useQuery({
    queryKey: ['tool', server, tool],
    queryFn: () => ask('readTool', { server, tool }),
    enabled: isOpen,
  });
  const accepting = useAction('acceptTool', `\`${tool}\` may be called as it is defined now.`);
  return (
    <Alert color="red" title={`${server} says something else of its tool ${tool}`}>
      <Text size="sm">
        It is not offered, and calls of it are refused, until someone accepts it.
      </Text>
      {!isOpen && (
        <Button size="xs" mt="xs" variant="default" onClick={() => setOpen(true)}>
          Look at both
        </Button>
      )}
      {isOpen && (
        <Loaded query={found}>
          {(definitions) => (
            <Stack mt="xs">
              <SimpleGrid cols={{ base: 1, md: 2 }}>
                <Definition title="accepted" json={definitions.accepted} />
                <Definition title="offered now" json={definitions.offered} />
              </SimpleGrid>
              {mayAccept && (
                <Group>
                  <Button
                    size="xs"
                    color="red"
                    loading={accepting.isPending}
                    onClick={() => accepting.mutate({ server, tool, definition: offered })}
                  >
                    Accept what is offered now
                  </Button>
                </Group>
              )}
            </Stack>
          )}
        </Loaded>
      )}
      {accepting.isError && <Failure error={accepting.error} />}
    </Alert>
  );
}

function Definition({ title, json }: { readonly title: string; readonly json: unknown }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {title}
      </Text>
      <Code block fz="xs" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {JSON.stringify(json, null, 2)}
      </Code>
    </div>
  );
}

function ToolTable({ rows }: { readonly rows: readonly Pin[] }) {
  return (
    <Table.ScrollContainer minWidth={500}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Server</Table.Th>
            <Table.Th>Tool</Table.Th>
            <Table.Th>Definition</Table.Th>
            <Table.Th>State</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ server, tool, accepted, offered }) => (
            <Table.Tr key={server + tool}>
              <Table.Td>{server}</Table.Td>
              <Table.Td ff="monospace">{tool}</Table.Td>
              <Table.Td ff="monospace">{accepted.slice(0, 16)}</Table.Td>
              <Table.Td>
                <Badge color={offered === undefined ? 'green' : 'red'} variant="light">
                  {offered === undefined ? 'accepted' : 'changed'}
                </Badge>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
