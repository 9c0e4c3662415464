//! How many routes more fit into the tables of a VPC.

use ipnet::IpNet;

/// What to do where a quota leaves no room.
pub(crate) const TO_MAKE_ROOM: &str = "raise that quota in Service Quotas and in the stack's parameters, or make room";

/// The room of the fullest of a VPC's selected tables, IPv4 and IPv6 apart.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-route-tables>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteRoom {
    /// For IPv4.
    pub v4: usize,
    /// For IPv6.
    pub v6: usize,
}

impl RouteRoom {
    /// No room, or no routes.
    pub const NONE: Self = Self { v4: 0, v6: 0 };

    /// What these destinations take.
    pub fn of(destinations: &[IpNet]) -> Self {
        let v4 = destinations.iter().filter(|block| matches!(block, IpNet::V4(_))).count();
        Self { v4, v6: destinations.len() - v4 }
    }

    /// What is left after that; `None` where it doesn't fit.
    pub fn minus(self, taken: Self) -> Option<Self> {
        Some(Self { v4: self.v4.checked_sub(taken.v4)?, v6: self.v6.checked_sub(taken.v6)? })
    }

    /// What fits into both.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        Self { v4: self.v4.min(other.v4), v6: self.v6.min(other.v6) }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { v4: self.v4 + other.v4, v6: self.v6 + other.v6 }
    }
}
