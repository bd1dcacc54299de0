/**
 * Draws the state tables of X.225 and conversations of two machines into `docs/iso8327/`:
 *
 *     npm run build && npm exec -- node scripts/iso8327-diagrams.ts [--check]
 *
 * With `--check` nothing is written, and a difference is an error.
 *
 * @module
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import {
  type ConnectParameters,
  compileTable,
  decodeExpeditedTsdu,
  decodeTsdu,
  type FunctionalUnit,
  SessionMachine,
  type SessionRequest,
  states,
  type TableSource,
  withoutSymmetric,
  withSymmetric,
} from "tertulia/iso8327";

const folder = "docs/iso8327";

/** The tables of Annex A, by the events that are their rows. */
const groups: readonly (readonly [title: string, events: RegExp])[] = [
  ["Connection establishment", /^(AC|CDO|CN|OA|RF-.*|SCON.*|TCON.*)$/],
  ["Data transfer", /^(DT|EX|TD|SDTreq|SEXreq|STDreq)$/],
  ["Synchronization", /^(MAA\/AEA|MAP|PR-MAA|SSYN.*|AE|MIA|MIP.*|SACTE.*)$/],
  ["Resynchronization", /^(PR-RA|PR-RS|RA|RS.*|SRSYN.*)$/],
  ["Activity interrupt and discard", /^(AD|ADA|AI|AIA|SACTD.*|SACTI.*)$/],
  ["Activity start and resume, capability data", /^(AR|AS|CD|CDA|SACTR.*|SACTS.*|SCD.*)$/],
  ["Tokens and exceptions", /^(ED|ER|GT|GTA|GTC|PT|SCG.*|SGT.*|SPT.*|SUER.*)$/],
  ["Release", /^(DN|FN-.*|NF|SREL.*)$/],
];

function stateDiagram(source: TableSource, events: RegExp): string {
  const edges = new Map<string, Set<string>>();
  for (const [event, row] of Object.entries(compileTable(source))) {
    if (!events.test(event)) continue;
    for (const [state, cell] of Object.entries(row)) {
      if (cell === undefined || cell === "impossible") continue;
      for (const { next } of cell) {
        // What only stays, or only leaves everything, hides the rest.
        if (next === state || next === "STA01") continue;
        const edge = `${state} --> ${next}`;
        edges.set(edge, (edges.get(edge) ?? new Set()).add(event));
      }
    }
  }
  const lines = [...edges].map(([edge, names]) => `  ${edge}: ${[...names].join(", ")}`);
  return ["```mermaid", "stateDiagram-v2", ...lines.sort(), "```"].join("\n");
}

function statesPage(): string {
  const parts = [
    "# The session machine in pictures",
    "",
    "Drawn by `scripts/iso8327-diagrams.ts` from the tables that the machine runs on. Left out: events that do not",
    "leave their state, and the way to STA01, which is open from everywhere.",
    "",
    "| state | meaning |",
    "|---|---|",
    ...Object.entries(states).map(([state, meaning]) => `| ${state} | ${meaning} |`),
  ];
  for (const [name, source] of [
    ["Without symmetric synchronization (Tables A.8 to A.16)", withoutSymmetric],
    ["With symmetric synchronization (Tables A.17 to A.25)", withSymmetric],
  ] as const) {
    parts.push("", `## ${name}`);
    for (const [title, events] of groups) {
      parts.push("", `### ${title}`, "", stateDiagram(source, events));
    }
  }
  return `${parts.join("\n")}\n`;
}

type Step = readonly [side: "initiator" | "responder", request: SessionRequest];

interface Scenario {
  readonly title: string;
  readonly units: readonly FunctionalUnit[];
  readonly expedited?: boolean;
  readonly steps: readonly Step[];
}

const userData = Uint8Array.of(1, 2, 3);
const id = Uint8Array.of(0x41);

const scenarios: readonly Scenario[] = [
  {
    title: "Data and orderly release",
    units: ["duplex"],
    steps: [
      ["initiator", { type: "SDTreq", userData }],
      ["responder", { type: "SDTreq", userData }],
      ["initiator", { type: "SRELreq" }],
      ["responder", { type: "SRELrsp+" }],
    ],
  },
  {
    title: "Half-duplex: asking for the turn and giving it",
    units: ["half-duplex"],
    steps: [
      ["initiator", { type: "SDTreq", userData }],
      ["responder", { type: "SPTreq", tokens: ["data"] }],
      ["initiator", { type: "SGTreq", tokens: ["data"] }],
      ["responder", { type: "SDTreq", userData }],
    ],
  },
  {
    title: "Points, and back to one of them",
    units: ["duplex", "minor", "major", "resynchronize"],
    steps: [
      ["initiator", { type: "SSYNmreq" }],
      ["responder", { type: "SSYNmrsp", serialNumber: 1 }],
      ["initiator", { type: "SDTreq", userData }],
      ["responder", { type: "SRSYNreq", resyncType: "restart", serialNumber: 1 }],
      ["initiator", { type: "SRSYNrsp" }],
    ],
  },
  {
    title: "Resynchronization with the expedited flow: PREPARE goes ahead",
    units: ["duplex", "minor", "resynchronize"],
    expedited: true,
    steps: [
      ["initiator", { type: "SRSYNreq", resyncType: "abandon" }],
      ["responder", { type: "SRSYNrsp" }],
    ],
  },
  {
    title: "An activity: started, interrupted, resumed, ended",
    units: ["half-duplex", "minor", "activity"],
    steps: [
      ["initiator", { type: "SACTSreq", activityIdentifier: id }],
      ["initiator", { type: "SDTreq", userData }],
      ["initiator", { type: "SSYNmreq" }],
      ["responder", { type: "SSYNmrsp", serialNumber: 1 }],
      ["initiator", { type: "SACTIreq", reason: 1 }],
      ["responder", { type: "SACTIrsp" }],
      [
        "initiator",
        {
          type: "SACTRreq",
          activityIdentifier: id,
          linkingInformation: { activityIdentifier: id, serialNumber: 1 },
        },
      ],
      ["initiator", { type: "SACTEreq" }],
      ["responder", { type: "SACTErsp" }],
    ],
  },
  {
    title: "An exception, and the way out of it",
    units: ["half-duplex", "exceptions"],
    steps: [
      ["responder", { type: "SUERreq", reason: 5 }],
      ["initiator", { type: "SGTreq", tokens: ["data"] }],
    ],
  },
];

/** Runs two machines through a scenario, and writes down who said and heard what. */
function sequenceDiagram({ units, expedited = false, steps }: Scenario): string {
  const lines: string[] = [];
  const machines = { initiator: new SessionMachine(), responder: new SessionMachine() };
  const names = { initiator: "I", responder: "R" } as const;
  const move = (from: "initiator" | "responder"): void => {
    const to = from === "initiator" ? "responder" : "initiator";
    const [near, far] = [machines[from], machines[to]];
    for (;;) {
      const output = near.poll();
      if (!output) break;
      if (output.type === "connect") {
        far.transportIndication(expedited, 0);
        near.transportConfirm(expedited, 0);
      }
      if (output.type === "event") {
        lines.push(`  ${names[from]}->>${names[from]}U: ${output.event.type}`);
      }
      if (output.type === "send" || output.type === "sendExpedited") {
        const isNormal = output.type === "send";
        const octets =
          output.type === "send" ? Buffer.concat([output.head, output.octets]) : output.octets;
        const spdus = isNormal ? decodeTsdu(octets) : [decodeExpeditedTsdu(octets)];
        const text = spdus.map(({ type }) => type).join(" + ");
        lines.push(`  ${names[from]}${isNormal ? "->>" : "--)"}${names[to]}: ${text}`);
        if (isNormal) far.receive(octets, 0);
        else far.receiveExpedited(octets, 0);
        move(to);
      }
      if (output.type === "close") far.transportDisconnected(0);
    }
  };
  const ask = ([side, request]: Step): void => {
    lines.push(`  ${names[side]}U->>${names[side]}: ${request.type}`);
    machines[side].request(request, 0);
    move(side);
  };
  const parameters: ConnectParameters = { functionalUnits: units };
  ask(["initiator", { type: "SCONreq", ...parameters }]);
  ask(["responder", { type: "SCONrsp+" }]);
  for (const step of steps) ask(step);
  return [
    "```mermaid",
    "sequenceDiagram",
    "  participant IU as the user of the initiator",
    "  participant I as initiator",
    "  participant R as responder",
    "  participant RU as the user of the responder",
    ...lines,
    "```",
  ].join("\n");
}

function sequencesPage(): string {
  const parts = [
    "# Conversations of two session machines",
    "",
    "Drawn by `scripts/iso8327-diagrams.ts` from what two machines said to each other. A dashed arrow is the expedited",
    "flow; `GT + DT` is one TSDU that holds both SPDUs.",
  ];
  for (const scenario of scenarios) {
    const units = scenario.units.join(", ");
    parts.push("", `## ${scenario.title}`, "", `Functional units: ${units}.`, "");
    parts.push(sequenceDiagram(scenario));
  }
  return `${parts.join("\n")}\n`;
}

const isCheck = process.argv.includes("--check");
mkdirSync(folder, { recursive: true });
for (const [name, text] of [
  ["states.md", statesPage()],
  ["sequences.md", sequencesPage()],
] as const) {
  const path = `${folder}/${name}`;
  if (!isCheck) writeFileSync(path, text);
  else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
    console.error(`${path} is not what the tables say: run node scripts/iso8327-diagrams.ts`);
    process.exitCode = 1;
  }
}
