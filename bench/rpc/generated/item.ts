// Made from item.x by "tertulia rpc generate"; change that file, not this one.

import {
  checkHyper,
  checkInt,
  type XdrReader,
  type XdrWriter,
} from "tertulia/xdr";

/** One structure in three codecs: XDR's, js-xdr's, and protobuf's. */
export interface Item {
  readonly id: number;
  readonly big: bigint;
  readonly name: string;
  readonly data: Uint8Array;
  readonly numbers: readonly number[];
}

export function encodeItem(writer: XdrWriter, value: Item): void {
  let at: number;
  let view: DataView;
  at = writer.reserve(12);
  view = writer.view;
  view.setInt32(at, checkInt(value.id));
  view.setBigInt64(at + 4, checkHyper(value.big));
  writer.string(value.name, 64);
  writer.opaque(value.data, 48);
  writer.count(value.numbers.length, 8);
  let at1 = writer.reserve(value.numbers.length * 4);
  const view2 = writer.view;
  for (const item3 of value.numbers) {
    view2.setInt32(at1, checkInt(item3));
    at1 += 4;
  }
}

export function decodeItem(reader: XdrReader): Item {
  const at4 = reader.take(12);
  const $id = reader.view.getInt32(at4);
  const $big = reader.view.getBigInt64(at4 + 4);
  const $name = reader.string(64);
  const $data = reader.opaque(48);
  const count6 = reader.count(8, 4);
  const list5 = new Array<number>(count6);
  let at8 = reader.take(count6 * 4);
  for (let index7 = 0; index7 < count6; index7++) {
    list5[index7] = reader.view.getInt32(at8);
    at8 += 4;
  }
  const $numbers = list5;
  return { id: $id, big: $big, name: $name, data: $data, numbers: $numbers };
}
