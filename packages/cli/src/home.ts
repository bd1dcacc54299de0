/**
 * The folder where the command keeps its identity and the peers it knows.
 *
 * @module
 */

import { homedir } from "node:os";
import { join } from "node:path";
import { KnownPeers, type OwnIdentity, openIdentity } from "tertulia/auth";

export class Home {
  readonly folder: string;
  /** What to add to a command line that is to find the same folder; empty for the default. */
  readonly option: string;
  readonly knownPeers: KnownPeers;

  /** @param folder - Default: `tertulia` in `$XDG_CONFIG_HOME`, which is by default `~/.config`. */
  constructor(folder?: string) {
    const config = process.env["XDG_CONFIG_HOME"] || join(homedir(), ".config");
    this.option = folder === undefined ? "" : ` --home ${folder}`;
    this.folder = folder ?? join(config, "tertulia");
    this.knownPeers = new KnownPeers(join(this.folder, "known_peers"));
  }

  get identityPath(): string {
    return join(this.folder, "identity.pem");
  }

  /** Creates it when it is first needed. */
  identity(): Promise<OwnIdentity> {
    return openIdentity(this.identityPath);
  }
}

/** For `--help`. */
export const HOME_OPTION = "--home <folder>";
export const HOME_HELP = "where the identity and the known peers are (default: ~/.config/tertulia)";
