/** How people are asked, and the exercises from which drills are made. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Exercise, exerciseSchema } from '#oversight/exercises.ts';
import type { Config } from './config.ts';
import type { Around } from './problem.ts';
import type { ConfigInput } from './schema.ts';

export function resolveOversight(
  { drills, ...rest }: ConfigInput['oversight'],
  around: Around,
): Config['oversight'] {
  const { file, rate, delayMsMax } = drills;
  if (rate > 0 && file === undefined) {
    around.report(['oversight', 'drills'], 'needs a `file` of exercises where `rate` is above 0');
  }
  const exercises = file === undefined ? [] : readExercises(resolve(around.folder, file), around);
  return { ...rest, drills: { exercises, rate, delayMsMax } };
}

function readExercises(path: string, { report }: Around): readonly Exercise[] {
  const at = ['oversight', 'drills', 'file'];
  try {
    const parsed = z.array(exerciseSchema).safeParse(parse(readFileSync(path, 'utf8')));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    report(at, `names \`${path}\`, where \`${issue?.path.join('.')}\`: ${issue?.message}`);
  } catch (cause) {
    report(at, `names \`${path}\`, which could not be read: ${(cause as Error).message}`);
  }
  return [];
}
