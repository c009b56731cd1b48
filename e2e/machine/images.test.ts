import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseArchive } from '../src/images/base.ts';
import { buildImages, DEPLOYABLES, versionOf, type Deployable } from '../src/images/build.ts';
import { unpackImage, type UnpackedImage } from '../src/images/unpacked.ts';
import { say } from '../src/say.ts';
import { ensurePackages, findProgram, findProgramOrThrow } from '../src/cluster/built/programs.ts';
import { REPOSITORY } from '../src/install.ts';
import { ensureRunc } from '../src/kgtrace-container.ts';
import { runOrThrow } from '../src/command.ts';

const MEGABYTE = 1e6;
const LARGEST = 15 * MEGABYTE;
const FOLDER = 'opt/kernel-gossip';
const ABOUT = 'usr/share/kernel-gossip';
const KGTRACE = `${FOLDER}/packages/observer/bpf/build/kgtrace-${process.arch}`;
/** Making the base takes minutes, once. */
const FIRST_TIME_MS = 540_000;

/** What `package.json` of each must have brought along. */
const KNOWN_PARTS = { operator: ['express', 'io-ts', 'preact'], observer: ['io-ts', 'libbpf', 'pino'] };

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)));

describe('the images', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-test-'));
  const images = new Map<Deployable, UnpackedImage>();
  const image = (name: Deployable): UnpackedImage => {
    const found = images.get(name);
    if (found === undefined) throw new Error(`${name} was not built`);
    return found;
  };

  beforeAll(async () => {
    await ensureRunc();
    if (findProgram('getcap') === undefined) await ensurePackages(['libcap2-bin'], 'reading capabilities');
    const built = await buildImages(folder);
    for (const name of DEPLOYABLES) {
      images.set(name, await unpackImage(built[name].archive, await baseArchive()));
    }
  }, FIRST_TIME_MS);
  afterAll(() => {
    for (const each of images.values()) each.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  describe.each(DEPLOYABLES)('%s', (name) => {
    it('runs as a user that is nobody on the node, and says what it is', () => {
      const { config } = image(name).config;
      expect(config.User).toBe('65532:65532');
      expect(config.Entrypoint).toEqual([`/${FOLDER}/kernel-gossip-${name}.js`]);
      expect(config.Cmd ?? []).toEqual([]);
      expect(config.Labels).toMatchObject({
        'org.opencontainers.image.title': `kernel-gossip-${name}`,
        'org.opencontainers.image.licenses': 'Apache-2.0',
        'org.opencontainers.image.version': versionOf(name),
      });
      expect(config.Labels['org.opencontainers.image.revision']).toMatch(/^([0-9a-f]{40}(-dirty)?|unknown)$/);
    });

    it('adds to its base what it needs, owned by root, and no more', () => {
      const { added } = image(name);
      const files = filesBelow(added);
      expect(files.filter((file) => !file.startsWith(FOLDER) && !file.startsWith(ABOUT))).toEqual([]);
      expect(files.filter((file) => /\.(ts|tsx|map)$/.test(file))).toEqual([]);
      for (const file of files) {
        const { uid, gid, mode } = statSync(join(added, file));
        expect([file, uid, gid, mode & 0o022]).toEqual([file, 0, 0, 0]);
      }
      const bytes = files.reduce((sum, file) => sum + statSync(join(added, file)).size, 0);
      say(`${name}: ${(bytes / MEGABYTE).toFixed(1)} MB in ${files.length} files on top of the base`);
      expect(bytes).toBeLessThan(LARGEST);
    });

    it('lists what it is made of, with the licenses', () => {
      const { added } = image(name);
      const bom = JSON.parse(readFileSync(join(added, ABOUT, 'sbom.json'), 'utf8')) as {
        readonly bomFormat: string;
        readonly components: readonly { readonly name: string; readonly licenses?: object }[];
      };
      expect(bom.bomFormat).toBe('CycloneDX');
      expect(bom.components.map((part) => part.name)).toEqual(expect.arrayContaining(KNOWN_PARTS[name]));
      expect(bom.components.filter(({ licenses }) => licenses === undefined)).toEqual([]);
      const texts = readFileSync(join(added, ABOUT, 'third-party-licenses.txt'), 'utf8');
      expect(texts).toMatch(/^io-ts@[\d.]+: LICENSE$/m);
    });

    it('starts with a root that cannot be written to, without any capability', async () => {
      const { code, stdout, stderr } = await image(name).run(['--help']);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`^kernel-gossip-${name}`));
    });
  });

  it('the operator has the page and what it asks Pixie', () => {
    const files = filesBelow(join(image('operator').added, FOLDER));
    expect(files).toContain('node_modules/kernel-gossip-web/dist/index.html');
    const scripts = globSync('pxl-scripts/src/*.pxl', { cwd: REPOSITORY });
    expect(scripts.length).toBeGreaterThan(0);
    expect(files).toEqual(expect.arrayContaining(scripts));
  });

  it('the terms of what is linked into the tracer go along', () => {
    const files = filesBelow(join(image('observer').added, FOLDER));
    const terms = files.find((file) => /bpf\/build\/licenses-\w+\.txt$/.test(file)) ?? 'none';
    const text = readFileSync(join(image('observer').added, FOLDER, terms), 'utf8');
    for (const name of ['libbpf', 'libelf', 'zlib', 'GNU C Library']) expect(text).toContain(name);
  });

  it('the tracer has two capabilities, and Node none', async () => {
    const { root } = image('observer');
    const told = await runOrThrow(findProgramOrThrow('getcap'), [
      '-r',
      join(root, 'opt'),
      join(root, 'usr/local'),
    ]);
    expect(told.trim()).toBe(`${join(root, KGTRACE)} cap_perfmon,cap_bpf=ep`);
  });
});
