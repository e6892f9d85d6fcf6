/** Who may sign and administrate; each change signed, and an entry. */
import {
  Badge,
  Button,
  Card,
  Code,
  Group,
  Menu,
  Modal,
  Stack,
  Table,
  TagsInput,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAction } from '../action.ts';
import { ask, type Result } from '../api.ts';
import { Failure } from '../failure.tsx';
import { Told } from '../outcome.tsx';
import { Loaded, Page } from '../page.tsx';
import { hasRole, useSession } from '../session.ts';
import {
  type Change,
  type Outcome,
  useDraft,
  useSignature,
  type Wanted,
} from '../signed-change.ts';

type Person = Result<'listPeople'>[number];

const BUILT_IN_ROLES = ['administrator', 'overseer', 'auditor'];

export function People() {
  const people = useQuery({ queryKey: ['people'], queryFn: () => ask('listPeople', {}) });
  const [isInviting, inviting] = useDisclosure();
  const [outcome, setOutcome] = useState<Outcome>();
  const mayInvite = hasRole(useSession(), 'administrator');
  return (
    <Page
      title="People"
      about="Who may sign and administrate. Every change is signed, and an entry of the ledger."
      actions={mayInvite && <Button onClick={inviting.open}>Invite someone</Button>}
    >
      {outcome && <Told outcome={outcome} onClose={() => setOutcome(undefined)} />}
      <OpenChanges onDone={setOutcome} />
      <Loaded query={people}>
        {(rows) => <PeopleTable rows={rows} onDone={setOutcome} mayChange={mayInvite} />}
      </Loaded>
      <Modal opened={isInviting} onClose={inviting.close} title="Invite someone">
        <Form
          onDone={(done) => {
            setOutcome(done);
            inviting.close();
          }}
        />
      </Modal>
    </Page>
  );
}

function OpenChanges({ onDone }: { readonly onDone: (outcome: Outcome) => void }) {
  const changes = useQuery({
    queryKey: ['changes'],
    queryFn: () => ask('listChanges', {}),
    refetchInterval: 5_000,
  });
  const signing = useSignature(onDone);
  const mayWithdraw = hasRole(useSession(), 'administrator');
  const withdrawing = useAction('withdrawChange', 'The change is withdrawn.');
  if (!changes.data || changes.data.length === 0) return null;
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="xs">
        Changes that need another signature
      </Title>
      <Stack gap="sm">
        {changes.data.map((change) => (
          <Group key={change.change} justify="space-between" wrap="nowrap" align="flex-start">
            <div>
              <Text size="sm">
                <b>{change.kind}</b> {change.name}: signed by {change.signedBy.length} of{' '}
                {change.signaturesNeeded}, until {change.expiresAt.slice(0, 10)}
              </Text>
              <Document change={change} />
            </div>
            <Group gap="xs" wrap="nowrap">
              {mayWithdraw && (
                <Button
                  size="xs"
                  variant="default"
                  loading={withdrawing.isPending}
                  onClick={() => withdrawing.mutate({ change: change.change })}
                >
                  Withdraw
                </Button>
              )}
              {change.maySign && (
                <Button
                  size="xs"
                  loading={signing.isPending}
                  onClick={() => signing.mutate(change)}
                >
                  Sign
                </Button>
              )}
            </Group>
          </Group>
        ))}
      </Stack>
      {signing.isError && <Failure error={signing.error} />}
      {withdrawing.isError && <Failure error={withdrawing.error} />}
    </Card>
  );
}

/** Whole, as it is signed. */
function Document({ change: { document } }: { readonly change: Change }) {
  return (
    <Code block fz="xs" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
      {document}
    </Code>
  );
}

const STATES = { invited: 'yellow', active: 'green', removed: 'gray', erased: 'gray' } as const;

function PeopleTable({
  rows,
  onDone,
  mayChange,
}: {
  readonly rows: readonly Person[];
  readonly onDone: (outcome: Outcome) => void;
  readonly mayChange: boolean;
}) {
  const draft = useDraft(onDone);
  const [changed, setChanged] = useState<Person>();
  return (
    <>
      {draft.isError && <Failure error={draft.error} />}
      <Table.ScrollContainer minWidth={700}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Roles</Table.Th>
              <Table.Th>Teams</Table.Th>
              <Table.Th>Keys</Table.Th>
              <Table.Th aria-label="Changes" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((person) => (
              <Table.Tr key={person.id}>
                <Table.Td>
                  {person.name}
                  <Text size="xs" c="dimmed" ff="monospace">
                    {person.id}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Badge color={STATES[person.state]} variant="light">
                    {person.state}
                  </Badge>
                </Table.Td>
                <Table.Td>{person.roles.join(', ')}</Table.Td>
                <Table.Td>{person.teams.join(', ')}</Table.Td>
                <Table.Td>{keysOf(person)}</Table.Td>
                <Table.Td>
                  {mayChange && person.state !== 'removed' && person.state !== 'erased' && (
                    <Actions
                      person={person}
                      onRoles={() => setChanged(person)}
                      onWanted={(wanted) => draft.mutate(wanted)}
                    />
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Modal
        opened={changed !== undefined}
        onClose={() => setChanged(undefined)}
        title={`Roles and teams of ${changed?.name ?? ''}`}
      >
        {changed && (
          <Form
            person={changed}
            onDone={(done) => {
              onDone(done);
              setChanged(undefined);
            }}
          />
        )}
      </Modal>
    </>
  );
}

function keysOf({ credentials, hasIdentity }: Person): string {
  const passkeys = credentials.filter(({ kind }) => kind === 'passkey').length;
  const local = credentials.length - passkeys;
  return [
    passkeys > 0 ? `${passkeys} ${passkeys === 1 ? 'passkey' : 'passkeys'}` : '',
    local > 0 ? `${local} local` : '',
    hasIdentity ? 'OpenID' : '',
  ]
    .filter((word) => word !== '')
    .join(', ');
}

function Actions({
  person,
  onRoles,
  onWanted,
}: {
  readonly person: Person;
  readonly onRoles: () => void;
  readonly onWanted: (wanted: Wanted) => void;
}) {
  return (
    <Menu withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button size="xs" variant="default" aria-label={`Change ${person.name}`}>
          Change
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={onRoles}>Roles and teams</Menu.Item>
        <Menu.Item onClick={() => onWanted({ kind: 'recover', person: person.id })}>
          Recover: new keys by a new invitation
        </Menu.Item>
        {person.credentials.map(({ id, kind }) => (
          <Menu.Item
            key={id}
            onClick={() => onWanted({ kind: 'end-key', person: person.id, credential: id })}
          >
            End the {kind === 'passkey' ? 'passkey' : 'local key'} {id.slice(0, 8)}…
          </Menu.Item>
        ))}
        <Menu.Item onClick={() => onWanted({ kind: 'remove', person: person.id })}>
          Remove, for good
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** A new person, or another set of roles and teams. */
function Form({
  person,
  onDone,
}: {
  readonly person?: Person;
  readonly onDone: (outcome: Outcome) => void;
}) {
  const [name, setName] = useState(person?.name ?? '');
  const [roles, setRoles] = useState<string[]>(person?.roles ?? []);
  const [teams, setTeams] = useState<string[]>(person?.teams ?? []);
  const draft = useDraft(onDone);
  const wanted: Wanted = person
    ? { kind: 'roles', person: person.id, roles, teams }
    : { kind: 'invite', name: name.trim(), roles, teams };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        draft.mutate(wanted);
      }}
    >
      <Stack>
        {!person && (
          <TextInput
            label="Name"
            required
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
        )}
        <TagsInput
          label="Roles"
          description="Built in, or one that the terms name."
          data={BUILT_IN_ROLES}
          value={roles}
          onChange={setRoles}
        />
        <TagsInput label="Teams" value={teams} onChange={setTeams} />
        {roles.includes('administrator') && (
          <Text size="sm">It takes two people to make an administrator.</Text>
        )}
        <Button type="submit" loading={draft.isPending}>
          Sign with a passkey
        </Button>
        {draft.isError && <Failure error={draft.error} />}
      </Stack>
    </form>
  );
}
