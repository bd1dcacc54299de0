/**
 * One structure through three codecs: operations a second.
 *
 * @module
 */

import { create, createFileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { array, int32, int64, string, struct, varOpaque } from "@stellar/js-xdr";
import { XdrReader, XdrWriter } from "tertulia/xdr";
import { decodeItem, encodeItem, type Item } from "./generated/item.ts";

const item: Item = {
  id: 42,
  big: 1n << 40n,
  name: "a name of some length",
  data: new Uint8Array(48).fill(7),
  numbers: [1, -2, 3, -4, 5, -6, 7, -8],
};

const jsXdr = struct("item", {
  id: int32(),
  big: int64(),
  name: string(64),
  data: varOpaque(48),
  numbers: array(int32(), 8),
});

const { INT32, INT64, STRING, BYTES } = FieldDescriptorProto_Type;
const { OPTIONAL, REPEATED } = FieldDescriptorProto_Label;
const file = create(FileDescriptorProtoSchema, {
  name: "item.proto",
  syntax: "proto3",
  messageType: [
    {
      name: "Item",
      field: [
        { name: "id", number: 1, type: INT32, label: OPTIONAL },
        { name: "big", number: 2, type: INT64, label: OPTIONAL },
        { name: "name", number: 3, type: STRING, label: OPTIONAL },
        { name: "data", number: 4, type: BYTES, label: OPTIONAL },
        { name: "numbers", number: 5, type: INT32, label: REPEATED },
      ],
    },
  ],
});
const schema = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getMessage(
  "Item",
);
if (schema === undefined) throw new Error("protobuf-es has lost the message");
const message = create(schema, { ...item });

const utf8 = new TextEncoder();

// As a connection does it: one writer whose slab the messages follow each other in, and views of it.
const writer = new XdrWriter(new Uint8Array(65_536));

export const encoders = {
  tertulia: (): unknown => {
    encodeItem(writer, item);
    return writer.takeWritten();
  },
  // Its strings are octets; the text is turned into them here because it is a text for the others.
  "js-xdr": (): unknown => jsXdr.encode({ ...item, name: utf8.encode(item.name) } as never),
  "protobuf-es": (): unknown => toBinary(schema, message),
};

const xdr = (() => {
  const one = new XdrWriter();
  encodeItem(one, item);
  return one.finish();
})();
const protobuf = toBinary(schema, message);
// What a socket gives: one chunk with many messages in it.
const chunk = new Uint8Array(xdr.length * 400);
for (let i = 0; i < 400; i++) chunk.set(xdr, i * xdr.length);
const view = new DataView(chunk.buffer);
const reader = new XdrReader(chunk);
let at = 0;

export const decoders = {
  tertulia: (): unknown => {
    const end = at + xdr.length;
    reader.reset(chunk, view, at, end);
    const value = decodeItem(reader);
    reader.finish();
    at = end === chunk.length ? 0 : end;
    return value;
  },
  "js-xdr": (): unknown => jsXdr.decode(xdr),
  "protobuf-es": (): unknown => fromBinary(schema, protobuf),
};

/** Operations a second. */
export function operations(work: () => unknown, forMs = 500): number {
  const loop = (ms: number): number => {
    const start = performance.now();
    let count = 0;
    let kept: unknown;
    do {
      for (let i = 0; i < 1000; i++) kept = work();
      count += 1000;
    } while (performance.now() - start < ms);
    if (kept === undefined) throw new Error("nothing was made");
    return (count / (performance.now() - start)) * 1000;
  };
  loop(200);
  return loop(forMs);
}
