/** Who sends. */
export interface Sender {
  readonly nodeName: string | null;
  readonly source: string;
}
