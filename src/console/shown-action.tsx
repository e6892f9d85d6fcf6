/**
 * An action as it is shown to whoever decides on it: line by line, none left out, each with who wrote
 * it and with what stood there in the last action like it. docs/spec/oversight.md#the-display
 */
import { Badge, Card, Group, Table, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Display } from './asked.ts';
import { Places } from './places.tsx';

type Line = Display['lines'][number];

export function ShownAction({ display }: { readonly display: Display }) {
  const { lines, places, compared, version, hash } = display;
  return (
    <Card withBorder>
      <Title order={2} size="h5">
        What would be done
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        {comparedWords(display)}
      </Text>
      <Table layout="fixed" aria-label="The action" verticalSpacing={6}>
        <Table.Tbody>
          {lines.map((line, at) => (
            // Two lines may say the same, and none ever moves.
            // biome-ignore lint/suspicious/noArrayIndexKey: a place among the lines is what a line is
            <LineRow key={at} line={line} />
          ))}
          {compared?.gone.map(({ label, value }) => (
            <Row key={label + value} label={label} mark={<Mark colour="gray">not now</Mark>}>
              <Before>{value}</Before>
            </Row>
          ))}
        </Table.Tbody>
      </Table>
      {places.length > 0 && <Places places={places} />}
      <Text size="xs" c="dimmed" mt="xs" style={{ overflowWrap: 'anywhere' }}>
        Display {version}, {hash}. Characters that cannot be seen, or that pass for others, are
        written out as ⟨U+…⟩.
      </Text>
    </Card>
  );
}

function comparedWords({ lines, compared }: Display): string {
  if (!compared) return 'No action like it was released before: there is nothing to compare with.';
  const changed = lines.filter(({ before }) => before !== undefined).length;
  const added = lines.filter(({ isNew }) => isNew).length;
  const parts = [
    changed > 0 ? `${changed} changed` : '',
    added > 0 ? `${added} new` : '',
    compared.gone.length > 0 ? `${compared.gone.length} gone` : '',
  ].filter((part) => part !== '');
  const said = parts.length === 0 ? 'nothing is different' : parts.join(', ');
  return `Beside the last action like it that was released: ${said}.`;
}

const BY: Readonly<Record<Line['by'], string>> = {
  gateway: '',
  caller: 'written by the caller',
  model: 'written by the model',
};

/** Where the value alone could be a text: `true`, `null`, `{}`. */
const NAMED_KINDS: ReadonlySet<Line['kind']> = new Set(['boolean', 'null', 'empty']);

function LineRow({
  line: { label, value, kind, by, unit, before, isNew },
}: {
  readonly line: Line;
}) {
  const mark =
    before !== undefined ? (
      <Mark colour="orange">changed</Mark>
    ) : isNew ? (
      <Mark colour="blue">new</Mark>
    ) : null;
  return (
    <Row label={label} by={BY[by]} mark={mark}>
      {value}
      {unit !== undefined && (
        <Text span c="dimmed" ff="monospace" size="sm">
          {' '}
          {unit}
        </Text>
      )}
      {NAMED_KINDS.has(kind) && (
        <Text span c="dimmed" size="xs" ff="text">
          {' '}
          ({kind})
        </Text>
      )}
      {before !== undefined && <Before>{before}</Before>}
    </Row>
  );
}

function Row({
  label,
  by = '',
  mark,
  children,
}: {
  readonly label: string;
  readonly by?: string;
  readonly mark: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <Table.Tr>
      <Table.Th scope="row" w="34%" fw={500} style={CELL}>
        <Group gap={6}>
          {label}
          {mark}
        </Group>
        {by !== '' && (
          <Badge size="sm" radius="sm" color="orange" variant="light" tt="none" fw={500}>
            {by}
          </Badge>
        )}
      </Table.Th>
      <Table.Td ff="monospace" fz="sm" style={{ ...CELL, whiteSpace: 'pre-wrap' }}>
        {children}
      </Table.Td>
    </Table.Tr>
  );
}

const CELL = { verticalAlign: 'top', overflowWrap: 'anywhere' } as const;

function Mark({ colour, children }: { readonly colour: string; readonly children: string }) {
  return (
    <Badge size="xs" color={colour} variant="light">
      {children}
    </Badge>
  );
}

function Before({ children }: { readonly children: string }) {
  return (
    <Text size="xs" c="dimmed" ff="text">
      before:{' '}
      <Text span inherit ff="monospace" td="line-through">
        {children}
      </Text>
    </Text>
  );
}
