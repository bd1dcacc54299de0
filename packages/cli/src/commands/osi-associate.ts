/**
 * `tertulia osi associate`: ask an application entity for an association, and say what it answers.
 *
 * @module
 */

import {
  type AssociateOptions,
  AssociationRefused,
  associate,
  connectCotp,
  MMS,
  type PresentationContext,
} from "tertulia/osi";

export interface AssociateCommand {
  readonly context: string;
  readonly syntax: readonly string[];
  readonly callingTsap?: Uint8Array;
  readonly calledTsap?: Uint8Array;
  readonly callingSelector?: Uint8Array;
  readonly calledSelector?: Uint8Array;
  readonly calledPsel?: Uint8Array;
  readonly callingPsel?: Uint8Array;
  readonly calledApTitle?: string;
  readonly calledAeQualifier?: number;
  readonly versions: readonly (1 | 2)[];
  readonly info?: Uint8Array;
}

/** Associates, prints what came of it, and releases. */
export async function runAssociate(
  address: { readonly host: string; readonly port: number },
  options: AssociateCommand,
  print: (line: string) => void,
): Promise<boolean> {
  const transport = await connectCotp({
    ...address,
    ...(options.callingTsap && { localSelector: options.callingTsap }),
    ...(options.calledTsap && { remoteSelector: options.calledTsap }),
  });
  print(`transport: TPDUs of ${transport.tpduOctets} octets`);
  try {
    await using association = await associate(transport, toAssociate(options));
    const { peer, contextIds, dialogue } = association;
    print(`session: version ${dialogue.confirm?.version}, ${dialogue.functionalUnits.join(", ")}`);
    print(`presentation: contexts ${[...contextIds].join(", ") || "none"} accepted`);
    if (peer.type === "AARE") print(`association: ${peer.result}`);
    for (const { contextId, value } of peer.userInformation) {
      print(`information in context ${contextId}: ${Buffer.from(value).toString("hex")}`);
    }
    await association.release();
    print("released");
    return true;
  } catch (error) {
    if (!(error instanceof AssociationRefused)) throw error;
    print(`refused: ${error.message}`);
    return false;
  }
}

function toAssociate(options: AssociateCommand): AssociateOptions {
  const syntaxes = options.syntax.length === 0 ? [MMS.abstractSyntax] : options.syntax;
  const contexts: readonly PresentationContext[] = syntaxes.map((abstractSyntax, i) => ({
    id: 3 + 2 * i,
    abstractSyntax,
  }));
  const { calledApTitle: apTitle, calledAeQualifier: aeQualifier } = options;
  return {
    applicationContext: options.context,
    contexts,
    versions: options.versions,
    ...(options.callingSelector && { callingSelector: options.callingSelector }),
    ...(options.calledSelector && { calledSelector: options.calledSelector }),
    ...(options.callingPsel && { callingPresentationSelector: options.callingPsel }),
    ...(options.calledPsel && { calledPresentationSelector: options.calledPsel }),
    called: {
      ...(apTitle !== undefined && { apTitle }),
      ...(aeQualifier !== undefined && { aeQualifier }),
    },
    ...(options.info && { userInformation: [{ contextId: 3, value: options.info }] }),
  };
}
