/** The one method of the service, which takes an item and returns it. */

import type * as grpc from "@grpc/grpc-js";

const encode = (item: number): Buffer => {
  const octets = Buffer.alloc(4);
  octets.writeInt32BE(item);
  return octets;
};
const decode = (octets: Buffer): number => octets.readInt32BE(0);

export const incr: grpc.MethodDefinition<number, number> = {
  path: "/Outcomes/Incr",
  requestStream: false,
  responseStream: false,
  requestSerialize: encode,
  requestDeserialize: decode,
  responseSerialize: encode,
  responseDeserialize: decode,
};
