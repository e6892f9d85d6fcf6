/** The ledger: its entries, the head that others compare, and what is handed out and checked of it. */
import { Tabs } from '@mantine/core';
import { useState } from 'react';
import { type EntryFilter, EntryFilters } from '../entry-filters.tsx';
import { Page } from '../page.tsx';
import { hasRole, useSession } from '../session.ts';
import { CheckpointInForce } from './ledger-checkpoint.tsx';
import { MakeDisclosure } from './ledger-disclosure.tsx';
import { Entries } from './ledger-entries.tsx';
import { VerifyFile } from './ledger-verify.tsx';

export function Ledger() {
  const [filter, setFilter] = useState<EntryFilter>({});
  const mayOpen = hasRole(useSession(), 'auditor');
  const filters = <EntryFilters filter={filter} onChange={setFilter} mayOpen={mayOpen} />;
  return (
    <Page title="Ledger" about="Everything that was decided and changed, and never rewritten.">
      <Tabs defaultValue="entries" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="entries">Entries</Tabs.Tab>
          <Tabs.Tab value="checkpoint">Checkpoint</Tabs.Tab>
          {mayOpen && <Tabs.Tab value="disclosure">Make a disclosure</Tabs.Tab>}
          <Tabs.Tab value="verify">Verify a file</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="entries" pt="md">
          <Entries filter={filter} filters={filters} />
        </Tabs.Panel>
        <Tabs.Panel value="checkpoint" pt="md">
          <CheckpointInForce />
        </Tabs.Panel>
        <Tabs.Panel value="disclosure" pt="md">
          <MakeDisclosure filter={filter} filters={filters} />
        </Tabs.Panel>
        <Tabs.Panel value="verify" pt="md">
          <VerifyFile />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
