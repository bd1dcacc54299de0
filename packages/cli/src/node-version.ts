/**
 * Ends a Node that is too old, with a sentence. Nothing is imported here that such a Node may not have.
 *
 * @module
 */

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`tertulia needs Node 22.18 or newer; this is ${process.versions.node}`);
  process.exit(69);
}
