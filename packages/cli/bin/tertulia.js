#!/usr/bin/env node
// Plain JavaScript, so that a checkout that is not built yet, or an old Node, gets an answer and not a stack trace.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`tertulia needs Node 22.18 or newer; this is ${process.versions.node}`);
  process.exit(69);
}
try {
  await import("../dist/src/main.js");
} catch (error) {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  console.error(`tertulia is not built (${error.message}). Run: npm run build`);
  process.exit(69);
}
