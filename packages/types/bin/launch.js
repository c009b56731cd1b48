// Plain JavaScript that old versions of Node can read, so that they can be told that they are too old.
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';

/** The first version that runs TypeScript sources and has `registerHooks` (package.json, `engines`). */
const OLDEST = [22, 18];

const isTooOld = (version) => {
  const [major, minor] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
};

/**
 * Runs the program of a package: in a checkout its sources as they are, so that nothing needs to be built; in a
 * published package, which has no sources, what was built from them.
 *
 * @param {string} bin `import.meta.url` of the file in the package's `bin` folder
 */
export async function launch(bin) {
  if (isTooOld(process.versions.node)) {
    console.error(
      `This needs Node ${OLDEST.join('.')} or newer, and is run by ${process.version}. In a checkout, \`npx\` and ` +
        '`npm run` use the Node that the workspace brings.',
    );
    process.exit(2);
  }
  const source = new URL('../src/main.ts', bin);
  if (!existsSync(source)) {
    await import(new URL('../dist/main.js', bin).href);
    return;
  }
  nodeModule.registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: ['@kernel-gossip/source', ...context.conditions] }),
  });
  await import(source.href);
}
