/** Where the operator's Service is. */
export interface OperatorPlace {
  readonly namespace: string;
  readonly service: string;
}

/** The service account whose token `send-*` takes, in the operator's namespace (k8s/operator/10-rbac.yaml). */
export const SENDER = 'kernel-gossip-sender';

/** What somebody who may send is bound to, in the operator's namespace. */
const ROLE = 'kernel-gossip-send';

/** How to come by a right to send. */
export const howToGetIt = (right: string, { namespace }: OperatorPlace): string =>
  `This needs ${right} in namespace ${namespace}: ask for the Role ${ROLE} there, which has it.`;
