//! The page and the widget.

mod networks;

use isthmus_picture::topology::Finding;
use isthmus_picture::{Theme, page, widget};
use networks::{between, end, network, peering};

#[test]
fn the_page_asks_for_nothing() {
    let page = page(&network(50));
    assert_eq!(page.replace("http-equiv", "").matches("http").count(), 0);
    for asks in ["src=", "href=", "url(", "@import", "fetch(", "XMLHttpRequest", "style=\""] {
        assert!(!page.contains(asks), "{asks}");
    }
    assert!(page.contains("content=\"default-src 'none'; style-src 'sha256-"));
}

#[test]
fn counts_are_those_of_the_peerings() {
    for size in [2, 10, 50, 500] {
        let topology = network(size);
        let page = page(&topology);
        for finding in Finding::ALL {
            let count = topology.peerings.iter().filter(|peering| peering.finding == finding).count();
            let shown = page.contains(&format!("</svg>{count} {}</label>", finding.label()));
            assert!(shown || (count == 0 && !page.contains(&format!(" {}</label>", finding.label()))), "{finding:?}");
        }
        let rows = page.matches("<tr class=").count();
        assert_eq!(rows, topology.peerings.len() + topology.vpcs.len());
        let wrong = topology.peerings.iter().filter(|peering| peering.finding.needs_attention()).count();
        assert_eq!(page.matches("<li class=").count(), wrong);
    }
}

#[test]
fn what_needs_attention_says_what_to_do() {
    let cases = [
        (Finding::Missing, "isthmus peer shop-3 shop-4".to_owned()),
        (Finding::Drift, "isthmus peer shop-3 shop-4".to_owned()),
        (Finding::Failed, "isthmus explain OverlappingCidrs".to_owned()),
        (
            Finding::Waiting,
            format!(
                "aws ec2 create-tags --region {} --resources {} --tags Key=isthmus:accept:{},Value={}",
                end(4).region,
                end(4).vpc_id,
                end(3).vpc_id,
                end(3).vpc_id
            ),
        ),
    ];
    for (finding, command) in cases {
        let mut topology = network(10);
        topology.peerings = vec![peering(3, 4, finding)];
        let page = page(&topology);
        assert_eq!(between(&page, "<code>", "</code>"), [command]);
    }
}

#[test]
fn a_request_that_waits_for_its_acceptance_is_accepted_in_ec2() {
    let mut topology = network(10);
    let mut waiting = peering(3, 4, Finding::Waiting);
    waiting.status = Some("pending-acceptance".into());
    waiting.vpc_peering_connection_id = Some("pcx-0123456789abcdef0".into());
    topology.peerings = vec![waiting];
    let command = format!(
        "aws ec2 accept-vpc-peering-connection --region {} --vpc-peering-connection-id pcx-0123456789abcdef0",
        end(4).region
    );
    assert_eq!(between(&page(&topology), "<code>", "</code>"), [command]);
}

#[test]
fn the_names_of_vpcs_that_share_one_are_in_no_command() {
    let mut topology = network(10);
    topology.peerings = vec![peering(3, 4, Finding::Missing)];
    topology.vpcs.iter_mut().for_each(|vpc| "shared".clone_into(&mut vpc.name));
    let arguments = [3, 4].map(|place| format!("{}@{}@{}", end(place).vpc_id, end(place).region, end(place).owner_id));
    let command = format!("isthmus peer {}", arguments.join(" "));
    assert_eq!(between(&page(&topology), "<code>", "</code>"), [command]);
}

#[test]
fn drift_names_the_tables_that_lost_routes() {
    let mut topology = network(10);
    topology.peerings = vec![peering(3, 4, Finding::Drift)];
    let table = format!("rtb-{:017x}", 3);
    assert!(page(&topology).contains(&format!("1 of 6 routes are gone from {table}.")));
}

#[test]
fn the_widget_has_no_script_and_follows_the_theme_of_the_dashboard() {
    let topology = network(500);
    for (theme, class) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        let widget = widget(&topology, theme);
        for removed in ["<script", "<iframe", "<use", " id=", "http", "url("] {
            assert!(!widget.contains(removed), "{removed}");
        }
        assert_eq!(widget.matches("<svg class=\"isthmus ").count(), 1);
        assert!(widget.contains(&format!("cwdb-no-default-styles {class}\"")));
        assert_eq!(widget.matches("<li class=").count(), 20);
        assert!(widget.contains(" more: isthmus status"));
    }
}
