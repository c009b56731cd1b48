import { readScript, SCRIPTS } from '../src/index.ts';
import { cronScript, cronScriptName, kustomization } from './cron-script.ts';
import { exportVariant } from './export-variant.ts';

const REPOSITORY = new URL('../../', import.meta.url);
const CRON_SCRIPTS = 'k8s/pixie/cron-scripts';

/** Everything that is made of the scripts: where it stands, and what it is to be. */
export async function generated(): Promise<ReadonlyMap<string, string>> {
  const files = new Map([[`${CRON_SCRIPTS}/kustomization.yaml`, kustomization(SCRIPTS)]]);
  for (const script of SCRIPTS) {
    const variant = exportVariant(await readScript(script.name), script);
    files.set(`pxl-scripts/export/${script.name}.pxl`, variant);
    files.set(`${CRON_SCRIPTS}/${cronScriptName(script)}.yaml`, cronScript(script, variant));
  }
  return files;
}

export const locationOf = (path: string): URL => new URL(path, REPOSITORY);
