/** One SPDU and more of every type, with the octets that X.225 8.3 gives it. */

import type { Spdu } from "../../../src/pure/iso8327/spdu.ts";

export const octets = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

const userData = Uint8Array.of(0x75, 0x64);

export const samples: readonly { readonly spdu: Spdu; readonly wire: string }[] = [
  {
    spdu: {
      type: "CN",
      connectionIdentifier: {
        callingReference: octets("61"),
        commonReference: octets("62"),
        additionalReference: octets("63"),
      },
      connectAcceptItem: {
        protocolOptions: 1,
        tsduMaximumSize: { toResponder: 2041, toInitiator: 0 },
        versionNumber: 3,
        initialSerialNumber: 10,
        tokenSettingItem: 0x41,
        secondInitialSerialNumber: 7,
      },
      sessionUserRequirements: 0x0849,
      callingSessionSelector: octets("00 01"),
      calledSessionSelector: octets("00 02"),
      userData,
    },
    wire:
      "0d 33 01 09 0a 01 61 0b 01 62 0c 01 63 05 16 13 01 01 15 04 07 f9 00 00 16 01 03 17 02 31 30 " +
      "1a 01 41 37 01 37 14 02 08 49 33 02 00 01 34 02 00 02 c1 02 75 64",
  },
  {
    spdu: {
      type: "CN",
      connectAcceptItem: {
        protocolOptions: 0,
        versionNumber: 2,
        upperLimitSerialNumber: 9,
        largeInitialSerialNumber: 12345678,
        largeSecondInitialSerialNumber: 1,
      },
      dataOverflow: 1,
    },
    wire: "0d 1b 05 16 13 01 00 16 01 02 38 01 09 39 08 31 32 33 34 35 36 37 38 3a 01 31 3c 01 01",
  },
  {
    spdu: {
      type: "OA",
      tsduMaximumSize: { toResponder: 100, toInitiator: 200 },
      versionNumber: 2,
    },
    wire: "10 09 15 04 00 64 00 c8 16 01 02",
  },
  { spdu: { type: "CDO", enclosureItem: 2, userData }, wire: "0f 07 19 01 02 c1 02 75 64" },
  {
    spdu: {
      type: "AC",
      connectionIdentifier: { calledReference: octets("61") },
      connectAcceptItem: { protocolOptions: 0, versionNumber: 2, tokenSettingItem: 0 },
      tokenItem: 1,
      sessionUserRequirements: 2,
      calledSessionSelector: octets("aa"),
      userData,
    },
    wire:
      "0e 1e 01 03 09 01 61 05 09 13 01 00 16 01 02 1a 01 00 10 01 01 14 02 00 02 34 01 aa " +
      "c1 02 75 64",
  },
  {
    spdu: {
      type: "RF",
      transportDisconnect: 1,
      sessionUserRequirements: 2,
      versionNumber: 2,
      reasonCode: 2,
      userData,
    },
    wire: "0c 0f 11 01 01 14 02 00 02 16 01 02 32 03 02 75 64",
  },
  { spdu: { type: "RF", reasonCode: 129 }, wire: "0c 03 32 01 81" },
  { spdu: { type: "FN", transportDisconnect: 1, userData }, wire: "09 07 11 01 01 c1 02 75 64" },
  { spdu: { type: "DN", userData }, wire: "0a 04 c1 02 75 64" },
  { spdu: { type: "NF", userData }, wire: "08 04 c1 02 75 64" },
  {
    spdu: { type: "AB", transportDisconnect: 5, reflectParameterValues: octets("01 02") },
    wire: "19 07 11 01 05 31 02 01 02",
  },
  { spdu: { type: "AB", transportDisconnect: 3, userData }, wire: "19 07 11 01 03 c1 02 75 64" },
  { spdu: { type: "AA" }, wire: "1a 00" },
  { spdu: { type: "DT", userData }, wire: "01 00 75 64" },
  { spdu: { type: "DT", enclosureItem: 3, userData }, wire: "01 03 19 01 03 75 64" },
  { spdu: { type: "PR", prepareType: 2 }, wire: "07 03 18 01 02" },
  {
    spdu: { type: "PR", prepareType: 2, resyncType: 0, secondResyncType: 1 },
    wire: "07 09 18 01 02 1b 01 00 35 01 01",
  },
  { spdu: { type: "EX", userData }, wire: "05 00 75 64" },
  { spdu: { type: "TD", userData }, wire: "21 00 75 64" },
  { spdu: { type: "TD", enclosureItem: 1, userData }, wire: "21 03 19 01 01 75 64" },
  { spdu: { type: "CD", userData }, wire: "3d 04 c1 02 75 64" },
  { spdu: { type: "CDA", userData }, wire: "3e 04 c1 02 75 64" },
  { spdu: { type: "GT" }, wire: "01 00" },
  { spdu: { type: "GT", tokenItem: 0x55, userData }, wire: "01 07 10 01 55 c1 02 75 64" },
  { spdu: { type: "PT", tokenItem: 4 }, wire: "02 03 10 01 04" },
  { spdu: { type: "GTC", userData }, wire: "15 04 c1 02 75 64" },
  { spdu: { type: "GTA" }, wire: "16 00" },
  {
    spdu: { type: "MIP", syncTypeItem: 1, serialNumber: 42, userData },
    wire: "31 0b 0f 01 01 2a 02 34 32 c1 02 75 64",
  },
  { spdu: { type: "MIA", serialNumber: 42, userData }, wire: "32 08 2a 02 34 32 2e 02 75 64" },
  {
    spdu: { type: "MAP", syncTypeItem: 1, serialNumber: 999_998 },
    wire: "29 0b 0f 01 01 2a 06 39 39 39 39 39 38",
  },
  { spdu: { type: "AE", serialNumber: 3, userData }, wire: "29 07 2a 01 33 c1 02 75 64" },
  { spdu: { type: "MAA", serialNumber: 3 }, wire: "2a 03 2a 01 33" },
  { spdu: { type: "MAA", secondSerialNumber: 3 }, wire: "2a 03 36 01 33" },
  {
    spdu: { type: "RS", tokenSettingItem: 0x55, resyncType: 2, serialNumber: 77 },
    wire: "35 0a 1a 01 55 1b 01 02 2a 02 37 37",
  },
  {
    spdu: {
      type: "RS",
      resyncType: 0,
      serialNumber: 1,
      secondResyncType: 1,
      secondSerialNumber: 2,
      userData,
    },
    wire: "35 10 1b 01 00 2a 01 31 35 01 01 36 01 32 c1 02 75 64",
  },
  {
    spdu: { type: "RA", tokenSettingItem: 0, serialNumber: 77, userData },
    wire: "22 0b 1a 01 00 2a 02 37 37 c1 02 75 64",
  },
  { spdu: { type: "ER", reflectParameterValues: octets("63 00") }, wire: "00 04 31 02 63 00" },
  { spdu: { type: "ED", reasonCode: 1, userData }, wire: "30 07 32 01 01 c1 02 75 64" },
  { spdu: { type: "AS", activityIdentifier: octets("31") }, wire: "2d 03 29 01 31" },
  {
    spdu: {
      type: "AR",
      linkingInformation: {
        calledReference: octets("61"),
        callingReference: octets("62"),
        activityIdentifier: octets("31"),
        serialNumber: 9,
      },
      activityIdentifier: octets("32"),
    },
    wire: "1d 11 21 0c 09 01 61 0a 01 62 29 01 31 2a 01 39 29 01 32",
  },
  { spdu: { type: "AI", reasonCode: 5 }, wire: "19 03 32 01 05" },
  { spdu: { type: "AIA", userData }, wire: "1a 04 c1 02 75 64" },
  { spdu: { type: "AD", reasonCode: 3 }, wire: "39 03 32 01 03" },
  { spdu: { type: "ADA" }, wire: "3a 00" },
];
