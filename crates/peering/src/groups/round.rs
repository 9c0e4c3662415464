//! What each lane is told to do in one round. A lane is a Region of an account.
//!
//! It passes through the machine's state, which holds 256 KiB: each VPC is named once, and pairs are pairs of its numbers.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>

use crate::connection::End;
use crate::ids::{AccountId, Region, VpcId};
use crate::ledger::PairKey;
use crate::ports::Location;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be done about a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Make or accept the connection, then write and delete routes until they are as desired.
    SetUp,
    /// Delete the routes to its connection.
    DeleteRoutes,
    /// Delete its connection.
    DeleteConnection,
}

/// What one lane has to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Lane {
    /// The account.
    pub owner_id: AccountId,
    /// The Region.
    pub region: Region,
    /// Every VPC of its pairs.
    places: Vec<Place>,
    /// The pairs to set up, two numbers each: the place of a VPC among all of `places`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    set_up: Vec<usize>,
    /// Those of which routes are to be deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    delete_routes: Vec<usize>,
    /// Those of which the connection is to be deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    delete_connections: Vec<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Place {
    owner_id: AccountId,
    region: Region,
    vpc_ids: Vec<VpcId>,
}

impl Lane {
    /// Where it is.
    pub fn at(&self) -> Location {
        Location { owner_id: self.owner_id.clone(), region: self.region.clone() }
    }

    /// Its pairs.
    pub fn pairs(&self) -> Vec<(Work, PairKey)> {
        let ends: Vec<End> = self.places.iter().flat_map(Place::ends).collect();
        let of = |work, numbers: &[usize]| -> Vec<(Work, PairKey)> {
            let (pairs, _) = numbers.as_chunks::<2>();
            let named = pairs.iter().filter_map(|[one, other]| Some([ends.get(*one)?, ends.get(*other)?]));
            named.map(|ends| (work, PairKey::of(ends))).collect()
        };
        [
            of(Work::SetUp, &self.set_up),
            of(Work::DeleteRoutes, &self.delete_routes),
            of(Work::DeleteConnection, &self.delete_connections),
        ]
        .concat()
    }

    fn of(at: Location, work: Vec<(Work, PairKey)>) -> Self {
        let mut ids: BTreeMap<Location, BTreeSet<VpcId>> = BTreeMap::new();
        for end in work.iter().flat_map(|(_, pair)| pair.ends()) {
            ids.entry(end.into()).or_default().insert(end.vpc_id.clone());
        }
        let place = |(at, ids): (Location, BTreeSet<VpcId>)| Place {
            owner_id: at.owner_id,
            region: at.region,
            vpc_ids: ids.into_iter().collect(),
        };
        let places: Vec<Place> = ids.into_iter().map(place).collect();
        let numbers: BTreeMap<End, usize> = places.iter().flat_map(Place::ends).zip(0..).collect();
        let mut lane = Self {
            owner_id: at.owner_id,
            region: at.region,
            places,
            set_up: Vec::new(),
            delete_routes: Vec::new(),
            delete_connections: Vec::new(),
        };
        for (work, pair) in work {
            let of_work = match work {
                Work::SetUp => &mut lane.set_up,
                Work::DeleteRoutes => &mut lane.delete_routes,
                Work::DeleteConnection => &mut lane.delete_connections,
            };
            of_work.extend(pair.ends().into_iter().filter_map(|end| numbers.get(end)));
        }
        lane
    }
}

impl Place {
    fn ends(&self) -> impl Iterator<Item = End> {
        let at = Location { owner_id: self.owner_id.clone(), region: self.region.clone() };
        self.vpc_ids.iter().map(move |id| at.end(id.clone()))
    }
}

/// All lanes of a round.
#[derive(Debug)]
pub struct Round {
    /// How many of them work at once.
    lanes_at_once: usize,
    lanes: BTreeMap<Location, Vec<(Work, PairKey)>>,
    /// The calls of each lane.
    calls: BTreeMap<Location, usize>,
    /// The places, and the VPCs, that each lane names.
    places: BTreeSet<(Location, Location)>,
    ends: BTreeSet<(Location, End)>,
    bytes: usize,
}

/// Somewhat more than a lane can make in its five minutes, of one action.
const CALLS_OF_A_LANE: usize = 1_500;
/// The rest of the 256 KiB is for the other variables.
const BYTES: usize = 180_000;

// As JSON, at most.
const BYTES_OF_A_LANE: usize = 250;
const BYTES_OF_A_PLACE: usize = 75;
const BYTES_OF_A_VPC: usize = 26;
const BYTES_OF_A_PAIR: usize = 12;

impl Round {
    /// A round of no more lanes than work at once: a lane waits for the others of its pairs. But it has those of its first pair, or a
    /// pair of two lanes would have none where one works at once.
    pub fn of(lanes_at_once: usize) -> Self {
        Self {
            lanes_at_once,
            lanes: BTreeMap::new(),
            calls: BTreeMap::new(),
            places: BTreeSet::new(),
            ends: BTreeSet::new(),
            bytes: 0,
        }
    }

    /// Gives that pair, with so many calls of one action at each end, to the lanes of these ends, if all have room for it.
    pub fn add(&mut self, pair: &PairKey, work: Work, at: &[End], calls: usize) -> bool {
        let lanes: BTreeSet<Location> = at.iter().map(Location::from).collect();
        let is_full = |at: &Location| self.calls.get(at).is_some_and(|calls| *calls >= CALLS_OF_A_LANE);
        let new_lanes = lanes.iter().filter(|at| !self.lanes.contains_key(*at)).count();
        let named = lanes.iter().flat_map(|at| pair.ends().map(|end| (at.clone(), end.clone())));
        let new: Vec<(Location, End)> = named.filter(|named| !self.ends.contains(named)).collect();
        let new_places: BTreeSet<(Location, Location)> = new
            .iter()
            .map(|(at, end)| (at.clone(), Location::from(end)))
            .filter(|named| !self.places.contains(named))
            .collect();
        let bytes = new_lanes * BYTES_OF_A_LANE
            + new_places.len() * BYTES_OF_A_PLACE
            + new.len() * BYTES_OF_A_VPC
            + lanes.len() * BYTES_OF_A_PAIR;
        let opens_too_many =
            new_lanes > 0 && !self.lanes.is_empty() && self.lanes.len() + new_lanes > self.lanes_at_once;
        if opens_too_many || lanes.iter().any(is_full) || self.bytes + bytes > BYTES {
            return false;
        }
        self.bytes += bytes;
        self.ends.extend(new);
        self.places.extend(new_places);
        for at in lanes {
            *self.calls.entry(at.clone()).or_default() += calls.max(1);
            self.lanes.entry(at).or_default().push((work, pair.clone()));
        }
        true
    }

    /// The lanes.
    pub fn into_lanes(self) -> Vec<Lane> {
        self.lanes.into_iter().map(|(at, work)| Lane::of(at, work)).collect()
    }
}
