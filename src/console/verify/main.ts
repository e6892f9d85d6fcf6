/**
 * The page for whoever is given a disclosure: it verifies what `proviso verify` does, with the same
 * code, in one file that needs no network. Nothing but the platform, so that it can be read whole.
 */
import './page.css';
import { ProvisoError } from '#base/errors.ts';
import { DISCLOSURE_LIMITS } from '#base/limits.ts';
import { parseVerifierKey, type VerifierKey } from '#disclosure/verify/key.ts';
import { verifyFile } from '#disclosure/verify/verify.ts';
import { describeProblem, describeVerdict } from './verdict.ts';

const keys = element('keys', HTMLTextAreaElement);
const file = element('file', HTMLInputElement);
const entry = element('entry', HTMLInputElement);
const drop = element('drop', HTMLElement);
const verdict = element('verdict', HTMLElement);

let chosen: File | undefined;
/** The newest question: an answer to an older one comes too late. */
let asked = 0;

file.addEventListener('change', () => choose(file.files?.[0]));
entry.addEventListener('change', () => void verify());
keys.addEventListener('change', () => void verify());
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  drop.classList.add('over');
});
document.addEventListener('dragleave', () => drop.classList.remove('over'));
document.addEventListener('drop', (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  choose(event.dataTransfer?.files[0]);
});
element('form', HTMLFormElement).addEventListener('submit', (event) => event.preventDefault());

function choose(given: File | undefined): void {
  if (given) chosen = given;
  void verify();
}

async function verify(): Promise<void> {
  if (!chosen) return;
  const own = ++asked;
  verdict.replaceChildren(`Verifying ${chosen.name} …`);
  const parts = await answer(chosen, entry.files?.[0]);
  if (own !== asked) return;
  verdict.replaceChildren(...parts);
  verdict.focus();
}

async function answer(given: File, about: File | undefined): Promise<readonly Node[]> {
  try {
    const result = await verifyFile(await bytesOf(given), {
      keys: await trusted(),
      entry: about && (await bytesOf(about)),
    });
    return describeVerdict(given.name, result);
  } catch (thrown) {
    const known = thrown instanceof ProvisoError ? thrown.publicMessage : String(thrown);
    return describeProblem(known);
  }
}

/** @throws ProvisoError `note_invalid` */
function trusted(): Promise<VerifierKey[]> {
  const lines = keys.value.split('\n').filter((line) => line.trim() !== '');
  return Promise.all(lines.map(parseVerifierKey));
}

async function bytesOf(given: File): Promise<Uint8Array> {
  if (given.size > DISCLOSURE_LIMITS.fileBytesMax) {
    throw new ProvisoError('usage_invalid', `\`${given.name}\` is too large for a disclosure.`);
  }
  return new Uint8Array(await given.arrayBuffer());
}

function element<T extends HTMLElement>(id: string, type: abstract new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new TypeError(`the page has no ${id}`);
}
