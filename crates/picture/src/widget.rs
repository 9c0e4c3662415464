//! HTML for a CloudWatch custom widget. CloudWatch removes scripts, `<iframe>` and `<use>`, and renders CSS and SVG; a function
//! that answers a widget is answered by the dashboard's theme in `widgetContext.theme`.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_security.html>

use crate::attention::Attention;
use crate::network::Network;
use crate::page::{Count, counts, subtitle};
use crate::ring::{Ring, STYLE, title};
use askama::Template;

/// More is in the page.
const MOST_LISTED: usize = 20;

/// The colours of the dashboard, whatever the browser prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark on light: CloudWatch's `light`.
    #[default]
    Light,
    /// Light on dark: CloudWatch's `dark`.
    Dark,
}

impl Theme {
    fn class(self) -> &'static str {
        match self {
            Self::Light => " light",
            Self::Dark => " dark",
        }
    }
}

#[derive(Template)]
#[template(path = "widget.html")]
pub(crate) struct Widget {
    style: &'static str,
    widget_style: &'static str,
    theme: &'static str,
    title: String,
    subtitle: String,
    counts: Vec<Count>,
    ring: Ring,
    attention: Attention,
    more: usize,
}

impl Widget {
    pub(crate) fn of(network: &Network<'_>, theme: Theme) -> Self {
        let attention = Attention::of(network, MOST_LISTED);
        let all = network.lines.iter().filter(|line| line.peering.finding.needs_attention()).count();
        Self {
            style: STYLE,
            widget_style: include_str!("../templates/widget.css"),
            theme: theme.class(),
            title: title(network),
            subtitle: subtitle(network),
            counts: counts(network),
            ring: Ring::of(network, theme.class()),
            more: all - attention.len(),
            attention,
        }
    }
}
