/** By what entries are chosen, to be listed or disclosed. */
import { Group, Select, TextInput } from '@mantine/core';

/** Instants as a form field of this kind has them: local, without a zone. */
export interface EntryFilter {
  readonly kind?: string | undefined;
  readonly effect?: 'permit' | 'hold' | 'deny' | undefined;
  readonly purpose?: string | undefined;
  readonly rule?: string | undefined;
  readonly caller?: string | undefined;
  readonly provider?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

const KINDS = [
  'decision',
  'outcome',
  'hold',
  'approval',
  'release',
  'terms',
  'person',
  'key',
  'purpose',
];
const EFFECTS = ['permit', 'hold', 'deny'] as const;

export function EntryFilters({
  filter,
  onChange,
  mayOpen,
}: {
  readonly filter: EntryFilter;
  readonly onChange: (filter: EntryFilter) => void;
  /** Whether the one who asks may look at what is not in clear, such as who called. */
  readonly mayOpen: boolean;
}) {
  const field = (name: keyof EntryFilter, label: string, type = 'text') => (
    <TextInput
      label={label}
      type={type}
      w={type === 'text' ? 150 : 200}
      value={filter[name] ?? ''}
      onChange={({ currentTarget: { value } }) =>
        onChange({ ...filter, [name]: value === '' ? undefined : value })
      }
    />
  );
  return (
    <Group align="flex-end" gap="sm">
      <Select
        label="Kind"
        placeholder="any"
        w={150}
        clearable
        data={KINDS}
        value={filter.kind ?? null}
        onChange={(kind) => onChange({ ...filter, kind: kind ?? undefined })}
      />
      <Select
        label="Effect"
        placeholder="any"
        w={120}
        clearable
        data={EFFECTS}
        value={filter.effect ?? null}
        onChange={(effect) => onChange({ ...filter, effect: effect ?? undefined })}
      />
      {field('purpose', 'Purpose')}
      {field('rule', 'Rule')}
      {mayOpen && field('caller', 'Caller')}
      {mayOpen && field('provider', 'Provider')}
      {mayOpen && field('from', 'From', 'datetime-local')}
      {mayOpen && field('to', 'Before', 'datetime-local')}
    </Group>
  );
}

export function instantOf(local: string | undefined): string | undefined {
  return local === undefined ? undefined : new Date(local).toISOString();
}
