import { crc32 } from 'node:zlib';
import { waiting, type Waiting } from '../waiting.ts';

const LINE = /^\{"crc32":(\d{1,10}),"summary":(true|false),"observation":(.*)\}$/s;

/** An observation as one line of a spool: JSON of its own, with the checksum of the text behind `observation`. */
export const toLine = ({ json, isSummary }: Waiting): string =>
  `{"crc32":${crc32(json)},"summary":${String(isSummary)},"observation":${json}}`;

/** What `toLine` wrote; null for anything else, such as a line of which a part was never written. */
export function fromLine(line: string): Waiting | null {
  const [, sum, isSummary, json = ''] = LINE.exec(line) ?? [];
  if (sum === undefined || crc32(json) !== Number(sum)) return null;
  return waiting(json, isSummary === 'true');
}
