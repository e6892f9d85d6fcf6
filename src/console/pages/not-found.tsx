/** A path that leads nowhere, or to a page for other roles. */
import { Text, Title } from '@mantine/core';

export function NotFound() {
  return (
    <>
      <Title order={1} size="h3">
        Nothing here
      </Title>
      <Text c="dimmed">There is no such page, or it is for roles that you do not have.</Text>
    </>
  );
}
