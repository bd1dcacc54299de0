/**
 * The commands that talk: listen, call, send.
 *
 * @module
 */

import { createInterface } from "node:readline";
import { formatName, listenBehind, type NetbiosSession, parseName } from "tertulia/netbios";
import { type CommonOptions, open, run, show, tell } from "./netbios-show.ts";

export async function listen(
  name: string,
  options: CommonOptions & {
    readonly calling?: string;
    readonly echo?: boolean;
    readonly once?: boolean;
    readonly retarget?: string;
    readonly behind?: string;
    readonly sessionPort: number;
  },
): Promise<void> {
  await run(async (signal) => {
    const { calling, json, behind } = options;
    if (behind !== undefined) {
      await listenBehindFront(behind, name, options, signal);
      return;
    }
    const node = await open(options, { sessionPort: options.sessionPort });
    const telling = tell(node, json);
    try {
      await node.addName(name, { signal });
      const only = calling === undefined ? {} : { calling };
      if (options.retarget !== undefined) {
        const [address = "", port = "139"] = options.retarget.split(":");
        using _ = await node.retarget(name, { address, port: Number(port) }, only);
        show(
          json,
          { retargeting: name, to: options.retarget },
          `callers go to ${options.retarget}`,
        );
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        return;
      }
      const { port } = await node.sessionServer();
      const text = `listening as ${formatName(parseName(name))} at ${node.address}, port ${port}`;
      show(json, { listening: name, address: node.address, port }, text);
      for await (const session of node.listen(name, { signal, ...only })) {
        await converse(session, options, signal);
        if (options.once) return;
      }
    } finally {
      await node.close();
      await telling;
    }
  });
}

/** Listens on a port of its own, where the front with this socket sends the callers of the name. */
async function listenBehindFront(
  path: string,
  name: string,
  options: CommonOptions & {
    readonly calling?: string;
    readonly echo?: boolean;
    readonly once?: boolean;
  },
  signal: AbortSignal,
): Promise<void> {
  const { calling, bind, json } = options;
  await using front = await listenBehind(path, name, {
    ...(calling !== undefined && { calling }),
    ...(bind !== undefined && { bindAddress: bind }),
    signal,
  });
  const { address, port } = front;
  const text = `listening as ${formatName(parseName(name))} behind ${address}, port ${port}`;
  show(json, { listening: name, address, port, behind: path }, text);
  for await (const session of front.sessions({ signal })) {
    await converse(session, options, signal);
    if (options.once) return;
  }
}

export async function call(
  name: string,
  options: CommonOptions & {
    readonly from: string;
    readonly at?: string;
    readonly realName?: boolean;
    readonly sessionPort: number;
  },
): Promise<void> {
  await run(async (signal) => {
    await using node = await open(options, { localNamePort: 0, sessionPort: options.sessionPort });
    const session = await node.call(name, {
      calling: options.from,
      asksRealName: options.realName ?? false,
      signal,
      ...(options.at !== undefined && { at: options.at }),
      progress: ({ type, to, outcome }) => {
        if (outcome?.type !== "retarget" || options.json) return;
        const { address, port } = outcome.to;
        console.error(`${type} from ${to.address}: retargeted to ${address}:${port}`);
      },
    });
    await converse(session, options, signal);
  });
}

export async function send(
  name: string,
  text: string,
  options: CommonOptions & {
    readonly from: string;
    readonly group?: boolean;
    readonly datagramPort: number;
  },
): Promise<void> {
  await run(async (signal) => {
    const node = await open(options, { datagramPort: options.datagramPort });
    try {
      await node.addName(options.from, { signal });
      const group = options.group ?? false;
      const octets = new Uint8Array(Buffer.from(text));
      await node.sendDatagram(options.from, name, octets, group ? { group, signal } : { signal });
      const result = { sent: octets.length, to: name };
      show(options.json, result, `${octets.length} octets sent to ${name}`);
    } finally {
      await node.close();
    }
  });
}

/** Lines that are typed go out as messages; messages that come are printed; both ends end it. */
async function converse(
  session: NetbiosSession,
  { json, echo = false }: { readonly json?: boolean; readonly echo?: boolean },
  signal: AbortSignal,
): Promise<void> {
  const peer = formatName(session.remote);
  const at = `${session.peer.address}:${session.peer.port}`;
  if (json) show(json, { session: peer, at }, "");
  else console.error(`session with ${peer} at ${at}`);
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    session.send(new Uint8Array(Buffer.from(line))).catch(() => lines.close());
  });
  // The end of the input hangs up; with --echo there is none to wait for.
  if (!echo) lines.on("close", () => void session.hangUp());
  try {
    for (;;) {
      const message = await session.receive({ signal });
      if (message === undefined) break;
      const text = Buffer.from(message).toString();
      show(json, { from: peer, text, userData: message }, text);
      if (echo) await session.send(message);
    }
  } finally {
    lines.close();
    await session.hangUp();
  }
  if (!json) console.error(`${peer} hung up`);
}
