/** The frame of the pages behind the door: where one is, and where else one may go. */
import {
  ActionIcon,
  Anchor,
  AppShell,
  Badge,
  Burger,
  Group,
  NavLink,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconLogout, IconMoon, IconSun } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ComponentType } from 'react';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { ask } from './api.ts';
import { HoldFeed, useHoldFeed } from './hold-feed.tsx';
import { EntryPage } from './pages/entry.tsx';
import { HoldPage } from './pages/hold.tsx';
import { Inbox } from './pages/inbox.tsx';
import { Keys } from './pages/keys.tsx';
import { Ledger } from './pages/ledger.tsx';
import { NotFound } from './pages/not-found.tsx';
import { Now } from './pages/now.tsx';
import { Oversight } from './pages/oversight.tsx';
import { People } from './pages/people.tsx';
import { Purposes } from './pages/purposes.tsx';
import { Terms } from './pages/terms.tsx';
import { Tools } from './pages/tools.tsx';
import { You } from './pages/you.tsx';
import { hasRole, type Session, useSession } from './session.ts';

interface Room {
  readonly path: string;
  readonly name: string;
  readonly page: ComponentType;
  /** Who sees it; everybody who is signed in, where absent. */
  readonly roles?: readonly string[];
}

const READERS = ['administrator', 'overseer', 'auditor'] as const;

const ROOMS: readonly Room[] = [
  { path: '/inbox', name: 'Inbox', page: Inbox },
  { path: '/oversight', name: 'Oversight', page: Oversight },
  { path: '/now', name: 'Now', page: Now, roles: READERS },
  { path: '/terms', name: 'Terms', page: Terms },
  { path: '/ledger', name: 'Ledger', page: Ledger, roles: READERS },
  { path: '/people', name: 'People', page: People, roles: READERS },
  { path: '/purposes', name: 'Purposes', page: Purposes, roles: READERS },
  { path: '/tools', name: 'Tools', page: Tools, roles: READERS },
  { path: '/keys', name: 'Keys', page: Keys, roles: ['administrator', 'auditor'] },
  { path: '/you', name: 'You', page: You },
];

export function Rooms() {
  const [isOpen, { toggle, close }] = useDisclosure();
  const session = useSession();
  const rooms = ROOMS.filter(({ roles }) => roles === undefined || hasRole(session, ...roles));
  return (
    <HoldFeed>
      <AppShell
        header={{ height: 52 }}
        navbar={{ width: 200, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
        padding="md"
      >
        <AppShell.Header>
          <Group h="100%" px="md" justify="space-between" wrap="nowrap">
            <Group gap="sm" wrap="nowrap">
              <Burger
                opened={isOpen}
                onClick={toggle}
                hiddenFrom="sm"
                size="sm"
                aria-label="Navigation"
              />
              <Text fw={600}>Proviso</Text>
            </Group>
            <Who session={session} />
          </Group>
        </AppShell.Header>
        <AppShell.Navbar p="xs" component="nav" aria-label="Pages">
          {rooms.map(({ path, name }) => (
            <Place key={path} path={path} name={name} onGo={close} />
          ))}
        </AppShell.Navbar>
        <AppShell.Main>
          <Switch>
            {rooms.map(({ path, page }) => (
              <Route key={path} path={path} component={page} />
            ))}
            <Route path="/">
              <Redirect to="/inbox" replace />
            </Route>
            <Route path="/inbox/:hold" component={HoldPage} />
            <Route path="/ledger/:index" component={EntryPage} />
            <Route component={NotFound} />
          </Switch>
        </AppShell.Main>
      </AppShell>
    </HoldFeed>
  );
}

function Place({
  path,
  name,
  onGo,
}: {
  readonly path: string;
  readonly name: string;
  readonly onGo: () => void;
}) {
  const [location] = useLocation();
  const isHere = location.startsWith(path);
  const { waiting } = useHoldFeed();
  return (
    <NavLink
      component={Link}
      href={path}
      label={name}
      active={isHere}
      aria-current={isHere ? 'page' : undefined}
      rightSection={
        path === '/inbox' && waiting > 0 ? (
          <Badge size="sm" circle aria-label={`${waiting} waiting`}>
            {waiting}
          </Badge>
        ) : undefined
      }
      onClick={onGo}
    />
  );
}

function Who({ session }: { readonly session: Session }) {
  const queries = useQueryClient();
  const signOut = useMutation({
    mutationFn: () => ask('signOut', {}),
    // Nothing of this person's stays on the screen.
    onSettled: () => window.location.assign('/console'),
  });
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme();
  const other = scheme === 'dark' ? 'light' : 'dark';
  return (
    <Group gap="xs" wrap="nowrap">
      <Anchor component={Link} href="/you" size="sm" visibleFrom="xs" c="inherit" truncate>
        {session.name}
      </Anchor>
      <ActionIcon
        variant="default"
        aria-label={`Use ${other} colours`}
        onClick={() => setColorScheme(other)}
      >
        {scheme === 'dark' ? <IconSun size={18} /> : <IconMoon size={18} />}
      </ActionIcon>
      <ActionIcon
        variant="default"
        aria-label="Sign out"
        onClick={() => {
          queries.clear();
          signOut.mutate();
        }}
      >
        <IconLogout size={18} />
      </ActionIcon>
    </Group>
  );
}
