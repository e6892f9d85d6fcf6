/** A terms pack as a person chooses its folder: its files, and the signatures beside them. */
import type { Input } from './api.ts';

export type PackFolder = Pick<Input<'beginActivation'>, 'name' | 'files' | 'signatures'>;

export async function readPackFolder(chosen: Iterable<File>): Promise<PackFolder> {
  const files = await Promise.all(
    [...chosen].map(async (file) => {
      const [name = '', ...rest] = file.webkitRelativePath.split('/');
      return { name, path: rest.join('/'), text: await file.text() };
    }),
  );
  const isSignature = (path: string): boolean => /^signatures\/[^/]+\.sig$/.test(path);
  const isBeside = (path: string): boolean => /^(README\.md$|signatures\/)/.test(path);
  const plain = files.map(({ path, text }) => ({ path, text }));
  return {
    name: files[0]?.name || 'terms',
    files: plain.filter(({ path }) => !isBeside(path)),
    signatures: plain.filter(({ path }) => isSignature(path)),
  };
}
