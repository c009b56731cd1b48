import { Command } from 'commander';
import { renderCrds } from 'kernel-gossip-types/crd';
import type { CommandContext } from './context.ts';

/** `kgossip crds`. */
export const crdsCommand = ({ io }: CommandContext): Command =>
  new Command('crds')
    .description('Print the CustomResourceDefinitions as YAML.')
    .addHelpText('after', '\nExamples:\n  kgossip crds | kubectl apply --server-side -f -')
    .action(() => {
      io.out(
        renderCrds()
          .map(({ yaml }) => `---\n${yaml}`)
          .join(''),
      );
    });
