//! What a sweep found, and what it did about it.

use crate::error::Error;
use crate::shared::drift::Finding;
use crate::shared::pairs::PairSnapshot;
use serde::Serialize;
use strum::VariantNames;

/// What was found, and what was done about it.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Swept {
    /// How many pairs tags request.
    pub desired: usize,
    /// How many of these are as they should be.
    pub in_place: usize,
    /// The pairs that are not, or that no tag requests any more, and in what they differ.
    pub drift: Vec<Drift>,
    /// The names of the executions started.
    pub started: Vec<String>,
    /// The requested pairs that can't be set up as they are; their VPCs' status says so already.
    pub refused: Vec<RefusedPair>,
    /// How many removals the brake holds: pairs to tear down, or to leave without routes on one side.
    pub held: usize,
    /// How many of those that differ are left as they are: the brake holds them, `TeardownDelay` isn't over, or a run of the
    /// groups machine works.
    #[serde(skip)]
    pub waiting: usize,
    /// How many executions were left for the next sweep.
    pub left: usize,
    /// The Regions and pairs that could not be read, and why. Nothing is decided about the VPCs there.
    pub unreachable: Vec<String>,
}

/// A pair that isn't as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Drift {
    /// One end.
    pub vpc_id: String,
    /// The other.
    pub peer_vpc_id: String,
    /// In what it differs: `Missing`, `NotActive`, `Routes`, `DnsResolution`, `Unrecorded`, `NotRequested`, `Blackhole`, or
    /// an error's name.
    pub differs: String,
}

/// A requested pair that can't be set up as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RefusedPair {
    /// One end.
    pub vpc_id: String,
    /// The other.
    pub peer_vpc_id: String,
    /// The error's name.
    pub error: String,
}

impl Drift {
    /// Whether it was found that the pair can't be set up, which no execution has told yet.
    fn is_refusal(&self) -> bool {
        Error::VARIANTS.contains(&self.differs.as_str())
    }
}

impl Swept {
    /// How many pairs differ that can be repaired, and now: without refusals, and without what is left as it is.
    pub fn repairable_drift(&self) -> usize {
        let refusals = self.drift.iter().filter(|drift| drift.is_refusal()).count();
        self.drift.len().saturating_sub(refusals + self.waiting)
    }

    /// How many requested pairs can't be set up as they are, whether or not their status says so already.
    pub fn all_refused(&self) -> usize {
        self.refused.len() + self.drift.iter().filter(|drift| drift.is_refusal()).count()
    }

    pub(super) fn fail(&mut self, known: &PairSnapshot, error: &Error) {
        let [end, peer] = known.pair.ends();
        self.unreachable.push(format!("{end} and {peer}: {error}"));
    }

    /// The same of a pair that groups ask for and nobody has worked on yet; what isn't listed is counted alone.
    pub(super) fn count_of_group(&mut self, known: &PairSnapshot, finding: &Finding, is_listed: bool) {
        if !is_listed && !matches!(finding, Finding::InPlace(..)) {
            self.desired += 1;
            self.left += 1;
            return;
        }
        self.count(known, finding);
    }

    pub(super) fn count(&mut self, known: &PairSnapshot, finding: &Finding) {
        let [vpc_id, peer_vpc_id] = known.pair.ends().map(|end| end.vpc_id.to_string());
        let is_desired = matches!(
            finding,
            Finding::InPlace(..)
                | Finding::Waiting(_)
                | Finding::SetUp(_)
                | Finding::Empty(_)
                | Finding::Refused { .. }
        );
        self.desired += usize::from(is_desired);
        match finding {
            Finding::InPlace(..) => self.in_place += 1,
            Finding::SetUp(differs) | Finding::TearDown(differs) => {
                self.drift.push(Drift { vpc_id, peer_vpc_id, differs: differs.clone() });
            }
            Finding::Narrow | Finding::Empty(_) => {
                self.drift.push(Drift { vpc_id, peer_vpc_id, differs: "Routes".into() });
            }
            Finding::Refused { error, .. } => {
                self.refused.push(RefusedPair { vpc_id, peer_vpc_id, error: error.clone() });
            }
            Finding::NotRequested | Finding::Kept(_) | Finding::Waiting(_) => {}
        }
    }
}
