/**
 * What another pack would change: what was agreed on top, then clause by clause what is decided
 * otherwise, each with the examples that a solver found. As `proviso terms compare` tells it.
 */
import { Alert, Badge, Blockquote, Card, Group, List, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Result } from './api.ts';
import { Words } from './words.tsx';

export type Compared = Extract<Result<'getComparison'>, { state: 'compared' }>;
type Found = Compared['found'];
type Side = 'first' | 'second';

export function Comparison({
  compared: { first, second, found },
}: {
  readonly compared: Compared;
}) {
  const { differences, unknown } = found;
  return (
    <Stack>
      <Headline verdict={found.verdict} name={`${second.id} ${second.version}`} />
      <Section title="Red lines, which bind every later version">
        {found.redLines.map((one) => boundWords(one, 'forbids'))}
      </Section>
      <Section title="Assurances, which bind every later version">
        {found.assurances.map((one) => boundWords(one, 'promises'))}
      </Section>
      <Section title="What else was agreed">
        {found.agreement.map(
          ({ at, first: before, second: after }) =>
            `${at}: ${valueWords(before)} → ${valueWords(after)}`,
        )}
      </Section>
      <Section title="Words that rules rest on">
        {found.vocabulary.map(
          ({ kind, name, words }) =>
            `${kind} ${name}: ${[...words.first.map((word) => `− ${word}`), ...words.second.map((word) => `+ ${word}`)].join(', ')}`,
        )}
      </Section>
      <Section title="Clauses">{found.clauses.map(clauseWords)}</Section>
      {SIDES.map((side) => (
        <Differences
          key={side}
          title={
            side === 'second'
              ? 'What it would allow, and the terms in force do not'
              : 'What the terms in force allow, and it would not'
          }
          differences={differences.filter(({ freer }) => freer === side)}
        />
      ))}
      <Section title="What could not be proven either way">
        {unknown.map(({ environment, reason }) => `${environment.action}: ${reason}`)}
      </Section>
      <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        Compared: {first.id} {first.version}, {first.hash}, which was in force, and {second.id}{' '}
        {second.version}, {second.hash}.
      </Text>
    </Stack>
  );
}

/** What becomes possible first. */
const SIDES: readonly Side[] = ['second', 'first'];

const VERDICTS: Readonly<
  Record<Found['verdict'], { readonly colour: string; readonly words: (name: string) => string }>
> = {
  equivalent: {
    colour: 'green',
    words: (name) => `${name} decides every call as the terms in force do, and agrees on the same.`,
  },
  differ: {
    colour: 'blue',
    words: (name) =>
      `${name} is not the same as the terms in force. What differs is below; all other calls are decided alike, which is proven.`,
  },
  unknown: {
    colour: 'yellow',
    words: (name) =>
      `That ${name} decides all other calls like the terms in force could not be proven.`,
  },
};

function Headline({
  verdict,
  name,
}: {
  readonly verdict: Found['verdict'];
  readonly name: string;
}) {
  const { colour, words } = VERDICTS[verdict];
  return <Alert color={colour} role="status" title={words(name)} />;
}

function Section({ title, children }: { readonly title: string; readonly children: string[] }) {
  if (children.length === 0) return null;
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      <List size="sm">
        {[...new Set(children)].map((words) => (
          <List.Item key={words}>
            <Words>{words}</Words>
          </List.Item>
        ))}
      </List>
    </Card>
  );
}

function boundWords({ id, change, isKept, example }: Found['redLines'][number], verb: string) {
  const kept = isKept === true ? `; the other ${verb} all of it all the same` : '';
  const words = change
    .replace('in the first', 'in the terms in force')
    .replace('in the second', 'in the next version');
  return `${id}: ${words}${kept}${example ? `: ${example.sentence}` : ''}`;
}

function clauseWords({ title, change, to, rules }: Found['clauses'][number]): string {
  const words = change
    .replace('only in the first', 'no longer there')
    .replace('only in the second', 'new')
    .replace('renamed', `called ${to}`);
  return `“${title}”: ${words}${rules.length > 0 ? `, under ${rules.join(', ')}` : ', no rule rests on it'}`;
}

function valueWords(value: unknown): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const EFFECTS = { permit: 'permitted', hold: 'held for an approval', deny: 'denied' } as const;

function Differences({
  title,
  differences,
}: {
  readonly title: string;
  readonly differences: Found['differences'];
}): ReactNode {
  if (differences.length === 0) return null;
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      <Stack>
        {differences.map(({ clause, of, effects, rules, examples }) => (
          <div key={[of, clause.id, effects.first, effects.second, ...rules].join(' ')}>
            <Group gap="xs">
              <Text fw={600}>{clause.title}</Text>
              <Badge variant="light" color="gray" tt="none">
                {EFFECTS[effects.first]} → {EFFECTS[effects.second]}
              </Badge>
            </Group>
            <Blockquote p="sm" my="xs" color="gray" fz="sm">
              {clause.words}
            </Blockquote>
            <List size="sm">
              {examples.map(({ sentence, rules: by }) => (
                <List.Item key={sentence}>
                  <Words>{sentence}</Words>{' '}
                  <Text span size="xs" c="dimmed">
                    by {by.join(', ')}
                  </Text>
                </List.Item>
              ))}
            </List>
          </div>
        ))}
      </Stack>
    </Card>
  );
}
