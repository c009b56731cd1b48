import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderCrds } from '../crd/index.ts';

const folder = fileURLToPath(new URL('../../../../k8s/crds/', import.meta.url));
const checkOnly = process.argv.includes('--check');

const onDisk = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

mkdirSync(folder, { recursive: true });
const stale = renderCrds().filter(({ name, yaml }) => onDisk(folder + name) !== yaml);
if (checkOnly && stale.length > 0) {
  const names = stale.map(({ name }) => `k8s/crds/${name}`).join(', ');
  process.stderr.write(
    `${names}: not what the codecs say. Run \`npm run generate\` and commit the result.\n`,
  );
  process.exitCode = 1;
} else {
  for (const { name, yaml } of stale) writeFileSync(folder + name, yaml);
}
