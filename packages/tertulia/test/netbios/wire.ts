/**
 * tshark on the interface of a node: what goes by, as somebody else reads it.
 */

import { createInterface } from "node:readline";
import type { Network } from "./network.ts";

/** What to look at, and how to say it. */
export interface Dissection {
  /** In the words of a capture filter. */
  readonly filter: string;
  /** The fields of tshark's that are wanted. */
  readonly fields: readonly string[];
  /** Their values in words. A packet whose first field is empty is another's and left out. */
  readonly words: (values: readonly (string | undefined)[]) => string;
}

export class Wire implements AsyncDisposable {
  readonly #dissection: Dissection;
  readonly #lines: string[] = [];
  readonly #stop: () => Promise<void>;

  private constructor(network: Network, number: number, dissection: Dissection) {
    this.#dissection = dissection;
    const all = ["ip.src", "ip.dst", ...dissection.fields, "_ws.malformed", "_ws.expert.message"];
    const fields = all.flatMap((field) => ["-e", field]);
    // A datagram of no meaning, to see when it has begun.
    const filter = `${dissection.filter} or udp dst port 9`;
    const how = ["-i", "eth0", "-l", "-n", "-f", filter, "-T", "fields", "-E", "separator=;"];
    const child = network.start(number, "tshark", [...how, ...fields], "ignore");
    if (child.stdout) createInterface(child.stdout).on("line", (line) => this.#lines.push(line));
    this.#stop = () => network.stop(child, "SIGINT");
  }

  static async tap(network: Network, number: number, dissection: Dissection): Promise<Wire> {
    const wire = new Wire(network, number, dissection);
    const to = `/dev/udp/10.77.0.${number === 1 ? 2 : 1}/9`;
    for (let i = 0; wire.#lines.length === 0 && i < 60; i++) {
      await network.run(number, "bash", ["-c", `echo >${to}`]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return wire;
  }

  /** The packets so far, once there are so many. */
  async packets(count: number): Promise<string[]> {
    const seen = (): string[] =>
      this.#lines.map((line) => this.#readable(line)).filter((line) => line !== "");
    for (let i = 0; seen().length < count && i < 200; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return seen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }

  /** One that tshark complains about stays as it is. */
  #readable(line: string): string {
    const { fields, words } = this.#dissection;
    const [from, to, ...rest] = line.split(";");
    const values = rest.slice(0, fields.length);
    if (values[0] === "") return "";
    const complaints = rest.slice(fields.length);
    if (complaints.some((complaint) => complaint !== "")) return `tshark complains: ${line}`;
    return `${from} > ${to}: ${words(values)}`;
  }
}
