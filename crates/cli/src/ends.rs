//! How a VPC is named on the command line.

use crate::failure::Failure;
use crate::text::quoted;
use isthmus_peering::connection::End;
use isthmus_peering::ids::{AccountId, Malformed, Region, VpcId};
use isthmus_picture::topology::Topology;
use std::fmt;
use std::str::FromStr;

/// One VPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndArgument {
    /// As tags name it: `vpc-…[@region[@account]]`.
    Id(SpelledEnd),
    /// By its tag `Name`, which need not be unique.
    Name(String),
}

/// A VPC's id and where it is, as far as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpelledEnd {
    /// Its id.
    pub vpc_id: VpcId,
    /// Its Region.
    pub region: Option<Region>,
    /// Its account.
    pub owner_id: Option<AccountId>,
}

impl FromStr for EndArgument {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        match parse_id(text) {
            Ok(end) => Ok(Self::Id(end)),
            Err(malformed) if is_meant_as_id(text) => Err(malformed),
            Err(_) if text.trim().is_empty() => Err(Malformed("write a Name, or vpc-…[@region[@account]]".into())),
            Err(_) => Ok(Self::Name(text.to_owned())),
        }
    }
}

fn parse_id(text: &str) -> Result<SpelledEnd, Malformed> {
    let mut parts = text.splitn(3, '@');
    let vpc_id = parts.next().unwrap_or_default().parse()?;
    let region = parts.next().map(str::parse).transpose()?;
    let owner_id = parts.next().map(str::parse).transpose()?;
    Ok(SpelledEnd { vpc_id, region, owner_id })
}

/// A Name may begin with `vpc-` too. With a Region, or with digits alone, it is an id that is written wrongly.
fn is_meant_as_id(text: &str) -> bool {
    text.strip_prefix("vpc-").is_some_and(|rest| rest.contains('@') || rest.chars().all(|c| c.is_ascii_hexdigit()))
}

impl fmt::Display for EndArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(end) => write!(f, "{end}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for SpelledEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { vpc_id, region, owner_id } = self;
        write!(f, "{vpc_id}")?;
        region.iter().try_for_each(|region| write!(f, "@{region}"))?;
        owner_id.iter().try_for_each(|owner_id| write!(f, "@{owner_id}"))
    }
}

impl From<End> for SpelledEnd {
    fn from(End { vpc_id, region, owner_id }: End) -> Self {
        Self { vpc_id, region: Some(region), owner_id: Some(owner_id) }
    }
}

impl EndArgument {
    /// The VPC of that topology which has this name, or is written so. A name that none has, or several, is a usage error;
    /// so is an id that the topology lacks, unless it says where it is.
    pub fn find(&self, topology: &Topology) -> Result<SpelledEnd, Failure> {
        match self {
            Self::Id(end) => Ok(end.clone()),
            Self::Name(name) => by_name(name, topology),
        }
    }
}

fn by_name(name: &str, topology: &Topology) -> Result<SpelledEnd, Failure> {
    let named: Vec<_> = topology.vpcs.iter().filter(|vpc| vpc.name == name).map(|vpc| &vpc.end).collect();
    let spelled = |end: &isthmus_picture::topology::End| format!("{}@{}@{}", end.vpc_id, end.region, end.owner_id);
    match named.as_slice() {
        [end] => parse_id(&spelled(end)).map_err(Failure::other),
        [] => Err(Failure::usage(format!(
            "no VPC that the stack {} sees is named {}: write its id, as vpc-…@region@account",
            topology.stack,
            quoted(name)
        ))),
        several => {
            let candidates: Vec<String> = several.iter().map(|end| spelled(end)).collect();
            let message =
                format!("{} VPCs are named {}: write one of {}", several.len(), quoted(name), candidates.join(", "));
            Err(Failure::usage(message).with("Candidates", candidates))
        }
    }
}
