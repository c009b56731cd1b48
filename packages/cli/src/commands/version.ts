import { Command, Option } from 'commander';
import { API_VERSION, visible } from 'kernel-gossip-types';
import { chooseTarget } from '../target/choose-target.ts';
import type { Asked, ServerVersions } from '../target/target.ts';
import { targetOptions } from '../options.ts';
import { tellingWaits } from '../target/telling-waits.ts';
import { asked } from '../target/asked.ts';
import { toJson, toYaml } from '../terminal/serialise.ts';
import { readVersion } from '../version.ts';
import { textOption, type CommandContext } from './context.ts';

interface Client {
  readonly version: string;
  readonly node: string;
  readonly api_version: string;
}

const clientOf = (): Client => ({
  version: readVersion(),
  node: process.version,
  api_version: API_VERSION,
});

/** Never rejects: that a server cannot be asked is an answer. */
async function serverOf(command: Command, { io }: CommandContext): Promise<Asked<ServerVersions>> {
  return asked(async () => {
    const target = await chooseTarget(targetOptions(command), io);
    try {
      return await tellingWaits(target, io).versions();
    } finally {
      await target.close();
    }
  });
}

const NAME = 12;
const line = (name: string, text: string): string => `${name.padEnd(NAME)}${visible(text)}\n`;
const orWhy = <A>({ value, why }: Asked<A>, show: (value: A) => string): string =>
  value === null ? `not known: ${why ?? 'no reason was given'}` : show(value);

const clientText = ({ version, node, api_version: api }: Client): string =>
  line('kgossip', `${version}, on Node ${node.slice(1)}, speaks ${api}`);

function serverText(server: Asked<ServerVersions>): string {
  if (server.value === null) return line('server', orWhy(server, String));
  const { operator, api, kubernetes } = server.value;
  return [
    line(
      'operator',
      orWhy(operator, ({ version, store }) => `${version}, keeps findings in ${store}`),
    ),
    // One reason for both is told once.
    ...(api.why !== null && api.why === operator.why
      ? []
      : [
          line(
            'API',
            orWhy(api, (served) => (served.length === 0 ? 'not installed' : served.join(', '))),
          ),
        ]),
    ...(kubernetes === null
      ? []
      : [
          line(
            'Kubernetes',
            orWhy(kubernetes, (version) => version),
          ),
        ]),
  ].join('');
}

/** For machines. `server` is null where it was not asked for or could not be asked, and `why` says which. */
const answerOf = (client: Client, server: Asked<ServerVersions> | null): object => ({
  client,
  server: server?.value ?? null,
  why: server === null ? 'not asked for' : server.why,
});

/** What to know when the versions do not go together; null where they do, or where one is not known. */
function mismatch(client: Client, { operator, api }: ServerVersions): string | null {
  if (api.value !== null && api.value.length > 0 && !api.value.includes(API_VERSION))
    return `this kgossip speaks ${API_VERSION}, which is not served there`;
  if (operator.value !== null && operator.value.version !== client.version)
    return `kgossip ${client.version} and operator ${operator.value.version} are of different releases`;
  return null;
}

/** `kgossip version`. */
export const versionCommand = (context: CommandContext): Command =>
  new Command('version')
    .description('Print the versions of this program, of the operator and of the API.')
    .option('--client', 'only that of this program')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['table', 'json', 'yaml']))
    .addHelpText(
      'after',
      '\nA server that cannot be asked is said to be so, and is no error.\n\nExamples:\n  kgossip version\n  kgossip version -o json | jq -r .server.operator.value.version',
    )
    .action(async (_given: unknown, command: Command) => {
      const { io } = context;
      const given = command.opts<Readonly<Record<string, unknown>>>();
      const client = clientOf();
      const server = given.client === true ? null : await serverOf(command, context);
      const format = textOption(given, 'output');
      if (format === 'json') io.out(`${toJson(answerOf(client, server))}\n`);
      else if (format === 'yaml') io.out(toYaml(answerOf(client, server)));
      else io.out(clientText(client) + (server === null ? '' : serverText(server)));
      const wrong = server?.value == null ? null : mismatch(client, server.value);
      if (wrong !== null) io.note(`# ${wrong}`);
    });
