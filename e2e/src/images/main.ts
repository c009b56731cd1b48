/** `npm run images`: builds the images and leaves them as docker-archives, for `docker load` or `ctr images import`. */
import { resolve } from 'node:path';
import { REPOSITORY } from '../install.ts';
import { buildImages } from './build.ts';

const folder = resolve(REPOSITORY, process.argv[2] ?? 'e2e/dist/images');
for (const { name, archive } of Object.values(await buildImages(folder))) {
  process.stdout.write(`${name}\t${archive}\n`);
}
