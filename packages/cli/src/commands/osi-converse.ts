/**
 * A dialogue by hand: requests are typed in the words of X.215, indications are printed.
 *
 * @module
 */

import { createInterface } from "node:readline";
import type { ResyncType, Token } from "tertulia/iso8327";
import type { Dialogue, Indication } from "tertulia/osi";
import { linesOf } from "../lines.ts";

type Verb = (dialogue: Dialogue, words: readonly string[], rest: string) => unknown;

const octets = (text: string) => new TextEncoder().encode(text);
// The library refuses names that are none.
const tokens = (words: readonly string[]) => words as readonly Token[];

/** What can be typed. Responses end in `.rsp`; words after the name are parameters or user data. */
const verbs: Readonly<Record<string, Verb>> = {
  "S-DATA": (d, _, rest) => d.data(octets(rest)),
  "S-TYPED-DATA": (d, _, rest) => d.typedData(octets(rest)),
  "S-EXPEDITED-DATA": (d, _, rest) => d.expeditedData(octets(rest)),
  "S-CAPABILITY-DATA": (d, _, rest) => d.capabilityData(octets(rest)),
  "S-CAPABILITY-DATA.RSP": (d, _, rest) => d.respondCapabilityData(octets(rest)),
  "S-TOKEN-GIVE": (d, words) => d.giveTokens(tokens(words)),
  "S-TOKEN-PLEASE": (d, words) => d.pleaseTokens(tokens(words)),
  "S-CONTROL-GIVE": (d) => d.giveControl(),
  "S-SYNC-MINOR": (d, [how]) => d.syncMinor({ explicit: how !== "optional" }).serialNumber,
  "S-SYNC-MINOR.RSP": (d, [number]) => d.respondSyncMinor(Number(number)),
  "S-SYNC-MAJOR": (d, _, rest) => d.syncMajor(octets(rest)),
  "S-SYNC-MAJOR.RSP": (d) => d.respondSyncMajor(),
  "S-RESYNCHRONIZE": (d, [type, number]) =>
    d.resynchronize({
      resyncType: (type ?? "restart") as ResyncType, // The library refuses what is none.
      ...(number !== undefined && { serialNumber: Number(number) }),
    }),
  "S-RESYNCHRONIZE.RSP": (d) => d.respondResynchronize(),
  "S-U-EXCEPTION-REPORT": (d, [reason]) => d.reportException(Number(reason ?? 0)),
  "S-ACTIVITY-START": (d, [id]) => d.startActivity(octets(id ?? "")),
  "S-ACTIVITY-RESUME": (d, [id, oldId, number]) =>
    d.resumeActivity(octets(id ?? ""), {
      activityIdentifier: octets(oldId ?? id ?? ""),
      serialNumber: Number(number ?? 0),
    }),
  "S-ACTIVITY-INTERRUPT": (d, [reason]) => d.interruptActivity(Number(reason ?? 0)),
  "S-ACTIVITY-INTERRUPT.RSP": (d) => d.respondInterruptActivity(),
  "S-ACTIVITY-DISCARD": (d, [reason]) => d.discardActivity(Number(reason ?? 0)),
  "S-ACTIVITY-DISCARD.RSP": (d) => d.respondDiscardActivity(),
  "S-ACTIVITY-END": (d) => d.endActivity(),
  "S-ACTIVITY-END.RSP": (d) => d.respondEndActivity(),
  "S-RELEASE": (d) => d.release(),
  "S-RELEASE.RSP": (d, [answer]) => d.respondRelease(answer !== "negative"),
  "S-U-ABORT": (d, _, rest) => d.abort(octets(rest)),
};

/** Why nobody can make this request, if nobody can. */
export function problemWith(line: string): string | undefined {
  const [name = ""] = line.trim().split(/\s+/);
  if (name.toUpperCase() in verbs) return undefined;
  return `no request ${name}; there are ${Object.keys(verbs).join(", ")}`;
}

/**
 * Speaks until the dialogue is over: first what is given, then, if nothing was, what is typed.
 *
 * With requests given, indications that want a plain answer get it: a script need not say so. When the
 * input ends, the dialogue is aborted or, with `stays`, goes on as in a script.
 */
export async function converse(
  dialogue: Dialogue,
  given: readonly string[],
  { json, stays = false }: { readonly json: boolean; readonly stays?: boolean },
): Promise<void> {
  const script = { isOn: given.length > 0 };
  const listening = listen(dialogue, json, script);
  if (script.isOn) {
    for (const line of given) await ask(dialogue, line);
    console.log(await listening);
    return;
  }
  const lines = createInterface({ input: process.stdin });
  const ended = listening.finally(() => lines.close());
  for await (const line of linesOf(lines)) {
    if (line.trim() !== "") await ask(dialogue, line.trim());
  }
  script.isOn = true;
  if (!stays) await dialogue[Symbol.asyncDispose]();
  console.log(await ended);
}

/** Prints what comes. Resolves with how it ended, to be printed when all is answered. */
async function listen(
  dialogue: Dialogue,
  json: boolean,
  script: { readonly isOn: boolean },
): Promise<string> {
  try {
    for await (const indication of dialogue) {
      console.log(json ? JSON.stringify(indication, asHex) : asText(indication));
      if (script.isOn) answer(dialogue, indication);
    }
    return "the dialogue is over";
  } catch (error) {
    return String(error);
  }
}

function answer(dialogue: Dialogue, { type, serialNumber }: Indication): void {
  if (type === "S-SYNC-MINOR") dialogue.respondSyncMinor(serialNumber ?? 0);
  else if (`${type}.RSP` in verbs) verbs[`${type}.RSP`]?.(dialogue, [], "");
}

async function ask(dialogue: Dialogue, line: string): Promise<void> {
  const [name = "", ...words] = line.split(/\s+/);
  const verb = verbs[name.toUpperCase()];
  if (!verb) {
    console.log(problemWith(line));
    return;
  }
  try {
    const result = await verb(dialogue, words, line.slice(name.length).trim());
    if (result !== undefined) console.log(`${name} confirm ${JSON.stringify(result, asHex)}`);
  } catch (error) {
    console.log(String(error));
  }
}

function asText({ type, userData, ...rest }: Indication): string {
  const parameters = Object.entries(rest).map(
    ([name, value]) => `${name}=${JSON.stringify(value, asHex)}`,
  );
  const data = userData.length > 0 ? [JSON.stringify(Buffer.from(userData).toString())] : [];
  return [type, "indication", ...parameters, ...data].join(" ");
}

function asHex(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}
