/** The exchange that was decided, from the vault: who asked, what detectors found, what was asked. */
import { Button, Card, Code, Group, Table, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { isObject, type JsonValue } from '#base/exact-json.ts';
import { ask } from './api.ts';
import { Loaded } from './page.tsx';

export function ExchangeFacts({ index }: { readonly index: number }) {
  const [isContentShown, setContentShown] = useState(false);
  const values = useQuery({
    queryKey: ['private', index],
    queryFn: () => ask('readPrivate', { index }),
    retry: false,
  });
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="sm">
        What was known of it
      </Title>
      <Loaded query={values}>
        {({ content, ...known }) => (
          <>
            <Table layout="fixed" withRowBorders={false} verticalSpacing={2}>
              <Table.Tbody>
                {[...linesOf({ ...known, facts: withoutCaller(known['facts']) }, '')].map(
                  ([name, value]) => (
                    <Table.Tr key={name}>
                      <Table.Th scope="row" w="38%" fw={500} style={CELL}>
                        {name}
                      </Table.Th>
                      <Table.Td style={CELL}>{value}</Table.Td>
                    </Table.Tr>
                  ),
                )}
              </Table.Tbody>
            </Table>
            {content !== undefined && !isContentShown && (
              <Group mt="sm">
                <Button size="xs" variant="default" onClick={() => setContentShown(true)}>
                  Show the content
                </Button>
              </Group>
            )}
            {content !== undefined && isContentShown && (
              <Code block mt="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                {JSON.stringify(content, null, 2)}
              </Code>
            )}
          </>
        )}
      </Loaded>
    </Card>
  );
}

const CELL = { verticalAlign: 'top', overflowWrap: 'anywhere' } as const;

/** Each repeats the caller, who stands above. */
function withoutCaller(facts: JsonValue | undefined): JsonValue {
  if (!Array.isArray(facts)) return facts ?? [];
  return (facts as readonly JsonValue[]).map((each) => {
    if (!isObject(each)) return each;
    const { caller: _caller, ...rest } = each;
    return rest;
  });
}

/** One line for each value: `caller.id`, `facts[0].signals.topics`. Empty lists say nothing. */
function* linesOf(value: JsonValue, name: string): Generator<readonly [string, string]> {
  if (isObject(value)) {
    for (const [member, inner] of Object.entries(value)) {
      yield* linesOf(inner, name === '' ? member : `${name}.${member}`);
    }
  } else if (Array.isArray(value)) {
    const items = value as readonly JsonValue[];
    const isFlat = items.every((item) => typeof item !== 'object' || item === null);
    if (isFlat && items.length > 0) yield [name, items.join(', ')];
    else for (const [at, item] of items.entries()) yield* linesOf(item, `${name}[${at}]`);
  } else yield [name, typeof value === 'string' ? value : JSON.stringify(value)];
}
