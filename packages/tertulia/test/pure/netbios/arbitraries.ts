/** Values of every NetBIOS structure, for properties; and octets written as hex. */

import fc from "fast-check";
import type { DatagramPacket } from "../../../src/pure/netbios/datagram.ts";
import type { NetbiosName } from "../../../src/pure/netbios/name.ts";
import type { NamePacket } from "../../../src/pure/netbios/name-packet.ts";
import type { ResourceRecord } from "../../../src/pure/netbios/name-record.ts";
import type { SessionPacket } from "../../../src/pure/netbios/session-packet.ts";

export const octets = (hex: string): Uint8Array =>
  new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"));

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;

const latin1 = (min: number, max: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 255 }), { minLength: min, maxLength: max })
    .map((codes) => String.fromCharCode(...codes));

const scopeLabel = latin1(1, 63).map((label) => label.replaceAll(".", "-"));
const domains = fc.array(scopeLabel, { minLength: 1, maxLength: 3 }).map((all) => all.join("."));

export const names: fc.Arbitrary<NetbiosName> = record<NetbiosName>({
  label: latin1(16, 16),
  scope: fc.oneof({ weight: 3, arbitrary: fc.constant("") }, { weight: 1, arbitrary: domains }),
});

const addresses = fc.ipV4();
const nodeTypes = fc.constantFrom("B", "P", "M", "H");
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const bit = fc.boolean();

const entries = record({ group: bit, nodeType: nodeTypes, address: addresses });
const statusNames = record({
  label: latin1(16, 16),
  group: bit,
  nodeType: nodeTypes,
  deregistering: bit,
  conflict: bit,
  active: bit,
  permanent: bit,
});
const statistics = fc
  .uint8Array({ maxLength: 60 })
  .map((all) => ({ size: all.length, octets: all }));

export const records: fc.Arbitrary<ResourceRecord> = fc.oneof(
  record({
    type: fc.constant("NB" as const),
    name: names,
    ttl: u32,
    entries: fc.array(entries, { maxLength: 30 }),
  }),
  record({
    type: fc.constant("NBSTAT" as const),
    name: names,
    ttl: u32,
    names: fc.array(statusNames, { maxLength: 20 }),
    statistics,
  }),
  record({
    type: fc.constant("NULL" as const),
    name: names,
    ttl: u32,
    octets: fc.uint8Array({ maxLength: 20 }),
  }),
  record({ type: fc.constant("NS" as const), name: names, ttl: u32, server: domains }),
  record({ type: fc.constant("A" as const), name: domains, ttl: u32, address: addresses }),
) as fc.Arbitrary<ResourceRecord>;

const nibble = fc.integer({ min: 0, max: 15 });
const fewRecords = fc.array(records, { maxLength: 2 });

export const namePackets: fc.Arbitrary<NamePacket> = record({
  id: u16,
  response: bit,
  opcode: nibble,
  authoritative: bit,
  truncated: bit,
  recursionDesired: bit,
  recursionAvailable: bit,
  broadcast: bit,
  rcode: nibble,
  questions: fc.array(record({ name: names, type: fc.constantFrom("NB", "NBSTAT") }), {
    maxLength: 1,
  }),
  answers: fewRecords,
  authority: fewRecords,
  additional: fewRecords,
}) as fc.Arbitrary<NamePacket>;

export const sessionPackets: fc.Arbitrary<SessionPacket> = fc.oneof(
  record({ type: fc.constant("message" as const), userData: fc.uint8Array({ maxLength: 300 }) }),
  record({ type: fc.constant("request" as const), called: names, calling: names }),
  record({ type: fc.constant("positive" as const) }),
  record({ type: fc.constant("negative" as const), errorCode: fc.integer({ min: 0, max: 255 }) }),
  record({ type: fc.constant("retarget" as const), address: addresses, port: u16 }),
  record({ type: fc.constant("keepAlive" as const) }),
) as fc.Arbitrary<SessionPacket>;

const datagramHeader = {
  more: fc.constant(false),
  first: fc.constant(true),
  sourceType: fc.constantFrom("B" as const, "P" as const, "M" as const, "NBDD" as const),
  id: u16,
  sourceAddress: addresses,
  sourcePort: u16,
};

export const datagrams: fc.Arbitrary<DatagramPacket> = fc.oneof(
  fc
    .tuple(
      record({
        type: fc.constantFrom("directUnique", "directGroup", "broadcast"),
        ...datagramHeader,
      }),
      fc.uint8Array({ maxLength: 1000 }),
    )
    .map(([header, body]) => ({ ...header, length: body.length, offset: 0, body })),
  record({
    type: fc.constant("error" as const),
    ...datagramHeader,
    errorCode: fc.integer({ min: 0, max: 255 }),
  }),
  record({
    type: fc.constantFrom("queryRequest", "positiveQueryResponse", "negativeQueryResponse"),
    ...datagramHeader,
    destination: names,
  }),
) as fc.Arbitrary<DatagramPacket>;

/** Octets that are nearly right: a value's encoding with a few octets changed, or cut. */
export function nearly<T>(
  values: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(
      values,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      fc.nat(),
    )
    .map(([value, changes, cut]) => {
      const whole = encode(value).slice();
      for (const [at, octet] of changes) if (whole.length > 0) whole[at % whole.length] = octet;
      return cut % 3 === 0 ? whole.subarray(0, cut % (whole.length + 1)) : whole;
    });
}
