import { KINDS, type KernelWhisper } from 'kernel-gossip-types';
import { byUrgency } from '../render/order.ts';
import { hasWorkload, whisperColumns } from '../render/whisper-columns.ts';
import type { Heard, Target } from '../target/target.ts';
import { toJson, toYaml } from '../terminal/serialise.ts';
import { headerLine, layOut, rowLine, type TableLayout } from '../terminal/table.ts';
import { resourceName, type CommandContext } from './context.ts';
import type { WhispersOptions } from './wanted-whispers.ts';

type IsWanted = (whisper: KernelWhisper, options: WhispersOptions) => boolean;

const keyOf = ({ metadata }: KernelWhisper): string => `${metadata.namespace}/${metadata.name}`;

/** Remembers which version of each object was printed, so that a list after a gap prints only what changed meanwhile. */
class Printed {
  readonly #versions = new Map<string, string | null>();

  /** Whether this version is news. */
  note(whisper: KernelWhisper): boolean {
    const { resourceVersion } = whisper.metadata;
    const known = this.#versions.get(keyOf(whisper));
    this.#versions.set(keyOf(whisper), resourceVersion);
    return known === undefined || resourceVersion === null || known !== resourceVersion;
  }

  forget(whisper: KernelWhisper): void {
    this.#versions.delete(keyOf(whisper));
  }
}

/** Room for what may come: a first, empty list must not make every later row ragged. */
const FIRST_WIDTHS: Readonly<Record<string, number>> = {
  NAMESPACE: 12,
  WORKLOAD: 24,
  POD: 24,
  CONTAINER: 12,
  KIND: 15,
  PHASE: 8,
  EVIDENCE: 40,
  'LAST SEEN': 9,
};

class Printer {
  readonly #context: CommandContext;
  readonly #options: WhispersOptions;
  readonly #deleted = new Set<KernelWhisper>();
  #layout: TableLayout<KernelWhisper> | null = null;

  constructor(context: CommandContext, options: WhispersOptions) {
    this.#context = context;
    this.#options = options;
  }

  print(whispers: readonly KernelWhisper[]): void {
    for (const whisper of whispers) this.#context.io.out(this.#text(whisper, whispers));
  }

  printDeleted(whisper: KernelWhisper): void {
    this.#deleted.add(whisper);
    this.print([whisper]);
    this.#deleted.delete(whisper);
  }

  #text(whisper: KernelWhisper, together: readonly KernelWhisper[]): string {
    switch (this.#options.output) {
      case 'json':
        return `${toJson(whisper, null)}\n`;
      case 'yaml':
        return `---\n${toYaml(whisper)}`;
      case 'name':
        return `${resourceName(KINDS.KernelWhisper.singular, whisper.metadata.name)}\n`;
      case 'table':
      case 'wide':
        return this.#row(whisper, together);
    }
  }

  #row(whisper: KernelWhisper, together: readonly KernelWhisper[]): string {
    const { io } = this.#context;
    const wide = this.#options.output === 'wide';
    const columns = whisperColumns({
      chalk: io.chalk,
      now: io.now(),
      wide,
      deleted: this.#deleted,
      // Settled with the first rows: later ones get only the columns that these had.
      grouped: this.#layout !== null || together.some(hasWorkload),
    });
    if (this.#layout === null) {
      const { columns: kept, widths } = layOut(columns, together, wide ? null : io.columns);
      const roomy = widths.map((width, index) =>
        io.columns === null ? Math.max(width, FIRST_WIDTHS[kept[index]?.header ?? ''] ?? 0) : width,
      );
      this.#layout = { columns: kept, widths: roomy };
      return `${headerLine(this.#layout)}\n${rowLine(this.#layout, whisper)}\n`;
    }
    // The columns are made anew for the age of now, but only those that fit at first are shown.
    const shown = new Set(this.#layout.columns.map(({ header }) => header));
    const kept = columns.filter(({ header }) => shown.has(header));
    return `${rowLine({ columns: kept, widths: this.#layout.widths }, whisper)}\n`;
  }
}

interface Watching {
  readonly printer: Printer;
  readonly printed: Printed;
  readonly wanted: (whisper: KernelWhisper) => boolean;
  readonly note: (text: string) => void;
}

function take({ printer, printed, wanted, note }: Watching, heard: Heard<KernelWhisper>): void {
  if (heard.type === 'interrupted') {
    note(`# interrupted: ${heard.why}; trying again`);
  } else if (heard.type === 'everything') {
    printer.print(
      [...heard.objects].sort(byUrgency).filter((whisper) => wanted(whisper) && printed.note(whisper)),
    );
  } else if (heard.change.type === 'DELETED') {
    printed.forget(heard.change.object);
    if (wanted(heard.change.object)) printer.printDeleted(heard.change.object);
  } else if (wanted(heard.change.object) && printed.note(heard.change.object)) {
    printer.print([heard.change.object]);
  }
}

/** Prints what there is, then each change as a further line, until Ctrl-C. */
export async function watchWhispers(
  context: CommandContext,
  target: Target,
  options: WhispersOptions,
  isWanted: IsWanted,
): Promise<void> {
  const { io } = context;
  const watching: Watching = {
    printer: new Printer(context, options),
    printed: new Printed(),
    wanted: (whisper) => isWanted(whisper, options),
    note: io.note,
  };
  for await (const heard of target.follow('KernelWhisper', options.namespace, io.signal))
    take(watching, heard);
}
