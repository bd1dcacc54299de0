#!/usr/bin/env node
// Plain JavaScript, so that a checkout that is not built yet, or an old Node, gets an answer and not a stack trace.
try {
  await import("../dist/src/node-version.js");
  await import("../dist/src/main.js");
} catch (error) {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  console.error(`tertulia is not built (${error.message}). Run: npm run build`);
  process.exit(69);
}
