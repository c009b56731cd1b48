import { Leaf, matching, oneOf, text } from '../codec/index.ts';

/** On which side of a connection the pod was: it called (`client`) or was called (`server`). */
export const trafficRole = oneOf('client', 'server');
export type TrafficRole = 'client' | 'server';

/** The other end of a connection: `namespace/pod`, a service, or an address. */
export const remoteEnd = text(317);

/** A method as RFC 9110 (9.1, 5.6.2) writes it. */
export const httpMethod = matching('an HTTP method', /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 32);

const wholeBetween = (expectation: string, minimum: number, maximum: number): Leaf<number> =>
  new Leaf(
    expectation,
    { type: 'integer', minimum, maximum },
    (input): input is number =>
      Number.isInteger(input) && (input as number) >= minimum && (input as number) <= maximum,
  );

export const httpStatus = wholeBetween('an HTTP status 100..599', 100, 599);

export const portNumber = wholeBetween('a port 0..65535', 0, 65_535);
