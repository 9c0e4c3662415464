//! One file a command. Each asks the stack and answers an [`Outcome`]; none writes to the terminal but by the printer.

mod groups;
mod peer;
mod plan;
mod status;
mod sweep;
mod topology;
mod unpeer;
mod watch;

use crate::arguments::{Arguments, Asked, Command, CompletionsArguments, ExplainArguments, Global, Pair};
use crate::ends::{EndArgument, SpelledEnd};
use crate::execution::Execution;
use crate::explanations::explain;
use crate::failure::Failure;
use crate::help::with_help;
use crate::outcome::Outcome;
use crate::plan_text::{Known, Names};
use crate::printer::Printer;
use crate::progress::Progress;
use crate::stack::{Machine, Stack};
use crate::text::{Line, quoted};
use clap::CommandFactory;
use isthmus_picture::topology::Topology;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The first pause between two questions about an execution. A plan takes less than a second.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Each pause is longer than the one before, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often an execution that was just started may be unknown.
const UNKNOWN: usize = 8;

/// One run of the program.
pub(crate) struct Session<'s> {
    stack: Stack<'s>,
    printer: &'s Printer,
    /// The execution that is waited for.
    waits_for: RefCell<Option<String>>,
}

/// Both ends, resolved, and what is known about VPCs.
struct Ends {
    one: SpelledEnd,
    other: SpelledEnd,
    names: Names,
}

impl<'s> Session<'s> {
    pub(crate) fn new(global: &'s Global, printer: &'s Printer) -> Self {
        Self { stack: Stack::new(global), printer, waits_for: RefCell::default() }
    }

    pub(crate) async fn run(&self, command: &Command) -> Result<Outcome, Failure> {
        match command {
            Command::Plan(arguments) => plan::run(self, arguments).await,
            Command::Peer(arguments) => peer::run(self, arguments).await,
            Command::Unpeer(arguments) => unpeer::run(self, arguments).await,
            Command::Status(arguments) => status::run(self, arguments).await,
            Command::Topology(arguments) => topology::run(self, arguments).await,
            Command::Sweep(arguments) => sweep::run(self, arguments).await,
            Command::Groups(arguments) => groups::run(self, arguments).await,
            Command::Watch(arguments) => watch::run(self, arguments).await,
            Command::Explain(arguments) => explained(arguments),
            Command::Completions(arguments) => completions(arguments),
        }
    }

    /// What Ctrl-C means: an execution goes on.
    pub(crate) fn interrupted(&self) -> Failure {
        match self.waits_for.borrow().as_deref() {
            None => Failure::new("Interrupted", "stopped: a call that was under way may still take effect"),
            Some(execution) => self.detached("Interrupted", "stopped waiting", execution),
        }
    }

    fn detached(&self, error: &str, why: &str, execution: &str) -> Failure {
        let name = name_of(execution);
        self.with_watch(Failure::new(error, format!("{why}: the execution {name} goes on")), execution)
    }

    /// The failure with how to go on watching: whatever it is, the execution is not affected.
    fn with_watch(&self, failure: Failure, execution: &str) -> Failure {
        let name = name_of(execution);
        let stack = match self.stack.name() {
            "isthmus" => String::new(),
            name => format!(" --stack {name}"),
        };
        failure.with("Execution", execution).with_help(format!("isthmus watch {name}{stack}"))
    }

    /// Starts an execution and waits for its output.
    async fn execute(
        &self,
        machine: Machine,
        input: Map<String, Value>,
        timeout: Option<Duration>,
        progress: Progress<'_>,
    ) -> Result<Value, Failure> {
        let input = Value::Object(input);
        let execution = self.start(machine, &input).await?;
        self.follow(&execution, &input, timeout, progress).await
    }

    /// Starts an execution and returns its ARN.
    async fn start(&self, machine: Machine, input: &Value) -> Result<String, Failure> {
        let name = Stack::new_name();
        let execution = self.stack.execution_arn(machine, &name).await?;
        // Before the call: it may have an effect though its answer is never seen.
        self.waits_for.replace(Some(execution.clone()));
        self.stack.start(machine, &name, input).await?;
        Ok(execution)
    }

    /// Waits for the output of an execution with that input.
    async fn follow(
        &self,
        execution: &str,
        input: &Value,
        timeout: Option<Duration>,
        mut progress: Progress<'_>,
    ) -> Result<Value, Failure> {
        self.waits_for.replace(Some(execution.to_owned()));
        let (begun, mut pause, mut unknown) = (Instant::now(), FIRST_PAUSE, 0);
        let mut seen = Execution::default();
        let ended = loop {
            let events = self.stack.events_after(execution, seen.last).await;
            match events.map_err(|failure| self.with_watch(failure, execution))? {
                Some(events) => seen.apply(events),
                None if unknown < UNKNOWN => unknown += 1,
                None => return Err(Failure::usage(format!("there is no execution {execution}"))),
            }
            progress.show(&seen);
            if let Some(ended) = seen.ended.take() {
                break ended;
            }
            let left = timeout.map(|timeout| timeout.saturating_sub(begun.elapsed()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(self.detached("StillRunning", "gave up waiting", execution));
            }
            sleep(left.map_or(pause, |left| pause.min(left))).await;
            pause = pause.mul_f64(1.3).min(LONGEST_PAUSE);
        };
        self.waits_for.replace(None);
        match ended {
            Ok(output) => Ok(output),
            Err(failure) => Err(with_help(failure, input, self.stack.home().await?.region.as_str())),
        }
    }

    /// Both ends. The stack is asked for a topology only where one is given by its Name.
    async fn ends(&self, pair: &Pair) -> Result<Ends, Failure> {
        if let (EndArgument::Id(one), EndArgument::Id(other)) = (&pair.one, &pair.other) {
            return Ok(Ends { one: one.clone(), other: other.clone(), names: Names::new() });
        }
        let (topology, _) = self.stack.topology().await?;
        let ends = [pair.one.find(&topology)?, pair.other.find(&topology)?];
        let [one, other] = ends;
        Ok(Ends { one, other, names: names(&topology) })
    }
}

fn name_of(execution: &str) -> &str {
    execution.rsplit(':').next().unwrap_or_default()
}

fn names(topology: &Topology) -> Names {
    let vpcs = topology.vpcs.iter();
    vpcs.map(|vpc| (vpc.end.vpc_id.clone(), Known { name: vpc.name.clone(), blocks: vpc.cidr_blocks.clone() }))
        .collect()
}

impl Ends {
    /// The fields of an input that name them. What isn't written has its default: of the first end the stack's own place, of
    /// the other one that of the first.
    fn input(&self) -> Map<String, Value> {
        let Self { one, other, .. } = self;
        let fields = [
            ("VpcId", Some(one.vpc_id.as_str())),
            ("Region", one.region.as_ref().map(|region| region.as_str())),
            ("OwnerId", one.owner_id.as_ref().map(|owner_id| owner_id.as_str())),
            ("PeerVpcId", Some(other.vpc_id.as_str())),
            ("PeerRegion", other.region.as_ref().map(|region| region.as_str())),
            ("PeerOwnerId", other.owner_id.as_ref().map(|owner_id| owner_id.as_str())),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?)))).collect()
    }
}

impl Asked {
    /// The input with what is asked for.
    fn add_to(&self, mut input: Map<String, Value>) -> Map<String, Value> {
        if let Some(routes) = &self.routes {
            input.insert("Routes".into(), json!(routes.selection));
        }
        if let Some(routes) = &self.peer_routes {
            input.insert("PeerRoutes".into(), json!(routes.selection));
        }
        if self.dns {
            input.insert("DnsResolution".into(), true.into());
        }
        if let Some(name) = &self.name {
            input.insert("Name".into(), name.as_str().into());
        }
        input
    }

    /// The same as words of a command line.
    fn words(&self) -> String {
        let option = |name: &str, value: Option<&str>| value.map(|value| format!(" {name} {}", quoted(value)));
        [
            option("--routes", self.routes.as_ref().map(|routes| routes.text.as_str())),
            option("--peer-routes", self.peer_routes.as_ref().map(|routes| routes.text.as_str())),
            self.dns.then(|| " --dns".to_owned()),
            option("--name", self.name.as_deref()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn explained(ExplainArguments { name }: &ExplainArguments) -> Result<Outcome, Failure> {
    let (name, text) = explain(name)?;
    let lines = text.lines().map(Line::verbatim).collect();
    Outcome::done(lines, &json!({"Name": name, "Explanation": text}))
}

fn completions(CompletionsArguments { shell }: &CompletionsArguments) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(*shell, &mut Arguments::command(), "isthmus", &mut script);
    let script = String::from_utf8(script).map_err(Failure::other)?;
    let lines = script.lines().map(Line::verbatim).collect();
    Outcome::done(lines, &json!({"Shell": shell.to_string(), "Script": script}))
}
