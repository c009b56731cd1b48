import { writeFileSync } from 'node:fs';
import { documents, goldens } from './files.ts';
import { helmFor } from './helm.ts';

/** Writes what is made of the chart's schema and templates; the diff is for a person to look at. */
const files = [...(await documents()), ...(await goldens(await helmFor()))];
for (const { path, text } of files) writeFileSync(path, text);
