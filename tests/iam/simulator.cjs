// Answers each line of its input, a simulation of iam-simulate as JSON, by one line: whether it is allowed, and by which
// statements. One process for all of a run, since starting node takes longer than a thousand decisions.
const { createInterface } = require('node:readline')
const { runSimulation } = require('@cloud-copilot/iam-simulate')

async function decide(line) {
  const simulation = { serviceControlPolicies: [], resourceControlPolicies: [], ...JSON.parse(line) }
  const answer = await runSimulation(simulation, {})
  if (answer.resultType === 'error') return { error: answer.errors }
  if (answer.resultType !== 'single') return { error: `one resource is asked for, not ${simulation.request.resource.resource}` }
  const { analysis, ignoredContextKeys } = answer.result
  const statements = (part) => (part?.allowStatements ?? []).map(({ statement }) => statement.sid() ?? '')
  return {
    allowed: answer.overallResult === 'Allowed',
    statements: statements(analysis.identityAnalysis),
    // Keys that the action doesn't know: a fact or a row that gives one is wrong.
    ignored: ignoredContextKeys,
  }
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = await decide(line).catch((error) => ({ error: String(error) }))
    process.stdout.write(JSON.stringify(answer) + '\n')
  }
}

main()
