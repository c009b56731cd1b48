/** Any key will do: only the header of the answer, which carries the latest revision, is read. */
const SOME_KEY = Buffer.from('/').toString('base64');

interface EtcdAnswer {
  readonly header: { readonly revision: string };
}

/** Compacts etcd's history up to its latest revision, over its JSON gateway (etcd.io: "gRPC gateway"). */
export async function compact(port: number): Promise<void> {
  const { header } = await ask(port, 'range', { key: SOME_KEY });
  await ask(port, 'compaction', { revision: header.revision, physical: true });
}

async function ask(port: number, method: string, body: object): Promise<EtcdAnswer> {
  const response = await fetch(`http://127.0.0.1:${port}/v3/kv/${method}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`etcd ${method}: ${await response.text()}`);
  return (await response.json()) as EtcdAnswer;
}
