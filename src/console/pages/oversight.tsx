/** How people decide: one's own answers beside the group's, and of overseers everyone's. */
import { BarChart } from '@mantine/charts';
import { Alert, Card, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask, type Result } from '../api.ts';
import { Loaded, Page } from '../page.tsx';

type Reviewer = Result<'getOversight'>['people'][number];
type Habits = Reviewer['all'];

export function Oversight() {
  const oversight = useQuery({
    queryKey: ['oversight'],
    queryFn: () => ask('getOversight', {}),
    refetchInterval: 10_000,
  });
  return (
    <Page
      title="Oversight"
      about="Approving is not oversight by itself: how long people look, and what they catch."
    >
      <Loaded query={oversight}>
        {({ group, people }) => (
          <Stack>
            {people
              .filter(({ alarms }) => alarms.length > 0)
              .map(({ person, name, alarms }) => (
                <Alert key={person} color="red" title={name} role="alert">
                  {alarms.map(({ rule, words }) => (
                    <Text key={rule} size="sm">
                      {words}
                    </Text>
                  ))}
                </Alert>
              ))}
            <HabitsTable group={group} people={people} />
            <Card withBorder>
              <Title order={2} size="h5" mb="sm">
                Answers by hour of the day, UTC
              </Title>
              <BarChart
                h={160}
                data={group.hours.map((answers, hour) => ({ hour: `${hour}h`, answers }))}
                dataKey="hour"
                series={[{ name: 'answers', color: 'indigo.6' }]}
                barProps={{ isAnimationActive: false }}
              />
            </Card>
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

function HabitsTable({ group, people }: Result<'getOversight'>) {
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Who</Table.Th>
            <Table.Th ta="right">Answers</Table.Th>
            <Table.Th ta="right">Last hour</Table.Th>
            <Table.Th ta="right">Approved</Table.Th>
            <Table.Th ta="right">Looked, median</Table.Th>
            <Table.Th ta="right">Drills caught</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <HabitsRow name="everyone" habits={group} />
          {people.flatMap(({ person, name, all, kinds }) => [
            <HabitsRow key={person} name={name} habits={all} />,
            ...kinds.map(({ kind, habits }) => (
              <HabitsRow key={person + kind} name={`· ${kind}`} habits={habits} />
            )),
          ])}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function HabitsRow({ name, habits }: { readonly name: string; readonly habits: Habits }) {
  const { answers, lastHour, approvedShare, visibleMs, drills } = habits;
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={500}>
        {name}
      </Table.Th>
      <Table.Td ta="right">{answers}</Table.Td>
      <Table.Td ta="right">{lastHour}</Table.Td>
      <Table.Td ta="right">{answers === 0 ? '–' : `${Math.round(approvedShare * 100)} %`}</Table.Td>
      <Table.Td ta="right">
        {visibleMs === undefined ? '–' : `${(visibleMs / 1_000).toFixed(0)} s`}
      </Table.Td>
      <Table.Td ta="right">
        {drills.answered === 0 ? '–' : `${drills.caught} of ${drills.answered}`}
      </Table.Td>
    </Table.Tr>
  );
}
