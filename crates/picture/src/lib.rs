//! The picture of a network: every VPC of all accounts and Regions on a ring, and one line a peering.
//!
//! [`topology`] has the types of the function `topology`'s answer. [`svg`], [`page`] and [`widget`] draw one. All are pure: the
//! same topology, in whatever order its lists are, gives the same bytes, and a VPC stays where it is as long as its neighbours
//! do. Nothing of it can fail, and whatever the topology says, nothing in it is run.

mod arcs;
mod attention;
mod bundle;
mod groups;
mod labels;
mod layout;
mod network;
mod page;
mod presentable;
mod ring;
mod rows;
mod text;
mod widget;

use crate::network::Network;
use crate::presentable::presentable;
use crate::ring::Ring;
pub use isthmus_topology as topology;
use isthmus_topology::Topology;
pub use rows::{Row, rows};
pub use text::is_invisible;
pub use widget::Theme;

/// The ring alone, as an SVG file.
pub fn svg(topology: &Topology) -> String {
    let topology = presentable(topology);
    Ring::file(&Network::of(&topology)).to_string()
}

/// A self-contained HTML page: the ring, counts that filter, a search, what needs attention, and everything as tables. It asks
/// for nothing from anywhere, and without JavaScript all but the search and the choice of a VPC remains.
pub fn page(topology: &Topology) -> String {
    let topology = presentable(topology);
    page::Page::of(&Network::of(&topology)).to_string()
}

/// HTML for a CloudWatch custom widget: the ring and what needs attention, without JavaScript.
pub fn widget(topology: &Topology, theme: Theme) -> String {
    let topology = presentable(topology);
    widget::Widget::of(&Network::of(&topology), theme).to_string()
}
