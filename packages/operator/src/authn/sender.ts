import type { Identity } from './identity.ts';

/** Who sent a request, as far as it decides what is taken from them. */
export type Sender =
  /** Nobody was asked who they are. */
  | { readonly kind: 'anyone' }
  /** The observer of one node: speaks about the pods of this node, and no other. */
  | { readonly kind: 'observer'; readonly nodeName: string }
  /** Somebody else: speaks about the pods of the namespaces that RBAC gives them. */
  | { readonly kind: 'account'; readonly identity: Identity };
