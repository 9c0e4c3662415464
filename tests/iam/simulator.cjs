// Reads simulations of iam-simulate, one JSON object a line, and writes one line for each: whether it is allowed, and by
// which statements. One process serves a whole run, because starting node takes longer than a thousand evaluations.
const { createInterface } = require('node:readline')
const { runSimulation } = require('@cloud-copilot/iam-simulate')

async function evaluate(line) {
  const simulation = { serviceControlPolicies: [], resourceControlPolicies: [], ...JSON.parse(line) }
  const answer = await runSimulation(simulation, {})
  if (answer.resultType === 'error') return { error: answer.errors }
  if (answer.resultType !== 'single') return { error: `expected one resource, not ${simulation.request.resource.resource}` }
  const { analysis, ignoredContextKeys } = answer.result
  const statements = (part) => (part?.allowStatements ?? []).map(({ statement }) => statement.sid() ?? '')
  return {
    allowed: answer.overallResult === 'Allowed',
    statements: statements(analysis.identityAnalysis),
    // Keys that the action does not support: a recorded call or a row with one is wrong.
    ignored: ignoredContextKeys,
  }
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = await evaluate(line).catch((error) => ({ error: String(error) }))
    process.stdout.write(JSON.stringify(answer) + '\n')
  }
}

main()
