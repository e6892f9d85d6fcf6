/** A small pack as tests make them: whole, valid, and changed in one place by each test. */
import { createHash } from 'node:crypto';

const TEXT = `# Terms

## Open

Everything is open that is not forbidden.

## Forbidden — and how

Nothing with “persons”.
`;

const OPEN = `@id("open") @clause("open")
permit(principal, action, resource);
`;

const FORBIDDEN = `@id("no-persons") @clause("forbidden")
forbid(principal, action, resource) when { context.persons > 0 };

@id("ask-first") @clause("forbidden") @hold("lead")
forbid(principal, action == Action::"callTool", resource in ToolClass::"force")
unless { context.approvals.contains("lead") };

@id("needs-a-purpose") @clause("forbidden") @asks("purpose")
forbid(principal, action in Action::"call", resource) when { context.streamed }
unless { context has purpose };
`;

/** @param changed files by path; `undefined` leaves one out */
export function smallPack(
  changed: Readonly<Record<string, string | undefined>> = {},
): ReadonlyMap<string, Uint8Array> {
  const files: Readonly<Record<string, string | undefined>> = {
    'terms.yaml': manifest(),
    'text.md': TEXT,
    'schema.cedarschema': '// nothing of its own\n',
    'rules/forbidden.cedar': FORBIDDEN,
    'rules/open.cedar': OPEN,
    'tests/all.yaml': '- { name: it is open, call: {}, expect: permit, rules: [open] }\n',
    ...changed,
  };
  const contents = Object.entries(files).flatMap(([path, text]) =>
    text === undefined ? [] : [[path, Buffer.from(text)] as const],
  );
  return new Map(contents);
}

/** @param extra YAML lines after the given ones */
export function manifest(extra = ''): string {
  return `id: small
version: 1.0.0
title: Small terms
toolClasses:
  force: { meaning: Harms., names: ['fire*'] }
approvals:
  lead: { meaning: A lead looked at it., roles: [lead], within: 10m, validFor: 2m }
topics:
  force: [open fire]
clauses:
${clause('open', '## Open', '## Forbidden')}${clause('forbidden', '## Forbidden')}${extra}`;
}

function clause(id: string, from: string, to?: string): string {
  const bytes = Buffer.from(TEXT);
  const start = bytes.indexOf(from);
  const end = to === undefined ? bytes.length : bytes.indexOf(to);
  const sha256 = createHash('sha256').update(bytes.subarray(start, end)).digest('hex');
  return `  - { id: ${id}, start: ${start}, end: ${end}, sha256: ${sha256} }\n`;
}
