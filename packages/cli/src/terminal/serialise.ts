import { Document, isScalar, Scalar, visit } from 'yaml';

/** What JSON.stringify leaves as it is although a terminal or a JavaScript parser would act on it. */
const LEFT_BY_JSON = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

const unicodeEscapes = (character: string): string =>
  [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');

/** JSON that is plain text whatever it holds. */
export const toJson = (value: unknown, indent: number | null = 4): string =>
  JSON.stringify(value, null, indent ?? undefined).replace(LEFT_BY_JSON, unicodeEscapes);

/** What YAML must not hold outside of double quotes: the same, and the controls that JSON would have escaped. */
const NOT_PLAIN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const LEFT_BY_YAML = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

const yamlEscape = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff
    ? `\\U${code.toString(16).padStart(8, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
};

/** YAML that is plain text whatever it holds: every string with an invisible character stands in double quotes, escaped. */
export function toYaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, node) => {
      if (isScalar(node) && typeof node.value === 'string' && NOT_PLAIN.test(node.value)) {
        node.type = Scalar.QUOTE_DOUBLE;
      }
    },
  });
  return document.toString({ lineWidth: 0, doubleQuotedAsJSON: true }).replace(LEFT_BY_YAML, yamlEscape);
}
