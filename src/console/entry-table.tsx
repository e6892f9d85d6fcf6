/** Entries of the ledger as rows, each a way to its own page. */
import { Anchor, Table, Text } from '@mantine/core';
import { Link } from 'wouter';
import { EffectBadge, type EntryRow } from './effect-badge.tsx';
import { SandboxBadge, useIsSandboxed } from './sandbox.tsx';

/** Who called is known where it was looked for. */
type Row = EntryRow & { readonly caller?: string | undefined };

export function EntryTable({ entries }: { readonly entries: readonly Row[] }) {
  const isSandboxed = useIsSandboxed();
  if (entries.length === 0) return <Text c="dimmed">Nothing yet.</Text>;
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table striped highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Entry</Table.Th>
            <Table.Th>When</Table.Th>
            <Table.Th>What</Table.Th>
            <Table.Th>About</Table.Th>
            <Table.Th>Rules</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => (
            <Table.Tr key={entry.index}>
              <Table.Td>
                <Anchor component={Link} href={`/ledger/${entry.index}`} ff="monospace">
                  {entry.index}
                </Anchor>
              </Table.Td>
              <Table.Td>
                <time dateTime={entry.at} title={entry.at}>
                  {whenOf(entry.at)}
                </time>
              </Table.Td>
              <Table.Td>
                <EffectBadge entry={entry} />
              </Table.Td>
              <Table.Td>
                {aboutOf(entry)} {isSandboxed(entry) && <SandboxBadge />}
              </Table.Td>
              <Table.Td ff="monospace" fz="xs">
                {listOf(entry.public['rules'])}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** The day only where it is another than this. */
function whenOf(instant: string): string {
  const at = new Date(instant);
  const isToday = at.toDateString() === new Date().toDateString();
  return isToday ? at.toLocaleTimeString() : at.toLocaleString();
}

/** In a few words, from what stands in clear. */
function aboutOf({ kind, closes, caller, public: facts }: Row): string {
  if (closes !== undefined) return `of decision ${closes}`;
  const { action, targets, purpose, hold, parent } = facts;
  const words = [
    caller === undefined ? '' : `by ${caller}`,
    typeof action === 'string' ? action : '',
    listOf(targets),
    typeof purpose === 'string' ? `for ${purpose}` : '',
    typeof hold === 'string' ? hold : '',
    typeof parent === 'number' ? `within ${parent}` : '',
  ].filter((word) => word !== '');
  return words.length > 0 ? words.join(' · ') : kind;
}

function listOf(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : '';
}
