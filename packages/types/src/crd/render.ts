import { stringify } from 'yaml';
import { GROUP, KINDS } from '../resource/index.ts';
import { customResourceDefinition } from './definition.ts';
import { CRD_DEFINITIONS } from './definitions.ts';

/** One CRD as a file. */
export interface CrdFile {
  /** Like `kernel.gossip.io_kernelwhispers.yaml`, as controller-gen names them. */
  readonly name: string;
  readonly yaml: string;
}

const NOTICE =
  '# Generated from the codecs of kernel-gossip-types by `npm run generate`. Change those, not this.\n';

/**
 * The CRDs as YAML, from the codecs. Kubernetes reads YAML 1.1, in which a bare `Off` is false: what is another thing
 * there than a text is quoted.
 */
export const renderCrds = (): readonly CrdFile[] =>
  CRD_DEFINITIONS.map((definition) => ({
    name: `${GROUP}_${KINDS[definition.kind].plural}.yaml`,
    yaml:
      NOTICE +
      stringify(customResourceDefinition(definition), {
        version: '1.1',
        lineWidth: 0,
        aliasDuplicateObjects: false,
      }),
  }));
