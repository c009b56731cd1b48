import { BUSY, makeGroup, readSetting, removeGroup, shellIn, writeSetting } from './groups.ts';
import { waitFor } from './wait.ts';

const PATH = '/pressure.slice/some.service';
const RESOURCES = ['cpu', 'memory', 'io'] as const;

export type Pressure = Readonly<Record<(typeof RESOURCES)[number], string>>;

/** What the kernel's pressure files say of a group that was throttled (Documentation/accounting/psi.rst). */
export async function pressureOfThrottled(): Promise<Pressure> {
  makeGroup(PATH);
  writeSetting(PATH, 'cpu.max', '20000 100000');
  shellIn(PATH, BUSY);
  await waitFor('CPU pressure', () => /total=[1-9]/.test(readSetting(PATH, 'cpu.pressure')));
  const read = RESOURCES.map((resource) => [resource, readSetting(PATH, `${resource}.pressure`)]);
  await removeGroup(PATH);
  return Object.fromEntries(read) as Pressure;
}
