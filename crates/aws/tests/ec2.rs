//! The adapter against answers as EC2 gives them, and its errors against EC2's error codes.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "ec2/answers.rs"]
mod answers;

use answers::{end, failure, network, network_in, xml};
use aws_sdk_ec2::Client;
use aws_smithy_mocks::mock;
use isthmus_peering::connection::{ConnectionIdentity, DnsSides, End, Status};
use isthmus_peering::error::Quota;
use isthmus_peering::ports::{CallErrorKind, NetworkReads, NetworkWrites};
use isthmus_peering::route_tables::Target;
use isthmus_peering::stack::Mode;
use serde_json::json;

#[tokio::test]
async fn every_associated_block_of_a_vpc_is_read_primary_first_and_once() {
    let rule = mock!(Client::describe_vpcs).match_requests(|request| request.vpc_ids() == ["vpc-0a1b2c3d"]).then_http_response(xml(
        r#"<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpcSet><item>
            <vpcId>vpc-0a1b2c3d</vpcId><ownerId>123456789012</ownerId><cidrBlock>10.0.0.0/16</cidrBlock>
            <cidrBlockAssociationSet>
              <item><cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>
              <item><cidrBlock>10.1.0.0/16</cidrBlock><cidrBlockState><state>associating</state></cidrBlockState></item>
              <item><cidrBlock>10.9.0.0/16</cidrBlock><cidrBlockState><state>disassociated</state></cidrBlockState></item>
            </cidrBlockAssociationSet>
            <ipv6CidrBlockAssociationSet>
              <item><ipv6CidrBlock>2600:1f00:1::/56</ipv6CidrBlock><ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState></item>
            </ipv6CidrBlockAssociationSet>
            <tagSet><item><key>isthmus:peer</key><value>vpc-0a1b2c3e</value></item></tagSet>
        </item></vpcSet></DescribeVpcsResponse>"#,
    ));
    let vpc = network(&[&rule]).vpc(&end()).await.expect("a VPC");
    let blocks: Vec<String> = vpc.cidr_blocks.iter().map(ToString::to_string).collect();
    assert_eq!(blocks, ["10.0.0.0/16", "10.1.0.0/16", "2600:1f00:1::/56"]);
    assert_eq!(vpc.tags["isthmus:peer"], "vpc-0a1b2c3e");
}

#[tokio::test]
async fn a_vpc_that_another_account_shares_is_not_ours_to_peer() {
    let rule = mock!(Client::describe_vpcs).then_http_response(xml(
        r#"<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpcSet><item>
            <vpcId>vpc-0a1b2c3d</vpcId><ownerId>999999999999</ownerId><cidrBlock>10.0.0.0/16</cidrBlock>
        </item></vpcSet></DescribeVpcsResponse>"#,
    ));
    let error = network(&[&rule]).vpc(&end()).await.expect_err("a stranger's");
    assert_eq!(error.kind, CallErrorKind::NoSuchVpc);
}

#[tokio::test]
async fn a_connection_is_read_with_both_ends_and_their_options() {
    let rule = mock!(Client::describe_vpc_peering_connections).then_http_response(xml(
        r#"<DescribeVpcPeeringConnectionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpcPeeringConnectionSet><item>
            <vpcPeeringConnectionId>pcx-0a1b2c3d</vpcPeeringConnectionId>
            <requesterVpcInfo><ownerId>123456789012</ownerId><vpcId>vpc-0a1b2c3d</vpcId><region>us-east-1</region>
              <peeringOptions><allowDnsResolutionFromRemoteVpc>true</allowDnsResolutionFromRemoteVpc></peeringOptions></requesterVpcInfo>
            <accepterVpcInfo><ownerId>222222222222</ownerId><vpcId>vpc-0a1b2c3e</vpcId><region>eu-west-1</region></accepterVpcInfo>
            <status><code>active</code><message>Active</message></status>
            <tagSet><item><key>Name</key><value>a/b</value></item></tagSet>
        </item></vpcPeeringConnectionSet></DescribeVpcPeeringConnectionsResponse>"#,
    ));
    let id = "pcx-0a1b2c3d".parse().expect("an id");
    let connection = network(&[&rule]).connection(&end(), &id).await.expect("an answer").expect("a connection");
    assert_eq!(connection.status, Status::Active);
    assert_eq!(connection.identity.accepter.to_string(), "vpc-0a1b2c3e in eu-west-1 of 222222222222");
    assert_eq!(connection.dns_resolution, DnsSides { requester: true, accepter: false });
    assert_eq!(connection.tags["Name"], "a/b");
}

#[tokio::test]
async fn both_directions_are_asked_for_in_one_call() {
    let rule = mock!(Client::describe_vpc_peering_connections)
        .match_requests(|request| {
            let both = ["vpc-0a1b2c3d".to_owned(), "vpc-0a1b2c3e".to_owned()];
            let names: Vec<_> = request.filters().iter().filter_map(|filter| filter.name()).collect();
            names == ["requester-vpc-info.vpc-id", "accepter-vpc-info.vpc-id"]
                && request.filters().iter().all(|f| f.values() == both)
        })
        .then_output(|| {
            aws_sdk_ec2::operation::describe_vpc_peering_connections::DescribeVpcPeeringConnectionsOutput::builder()
                .build()
        });
    let peer = End { vpc_id: "vpc-0a1b2c3e".parse().expect("an id"), ..end() };
    assert_eq!(network(&[&rule]).connections_between(&end(), &peer).await.expect("an answer"), []);
    assert_eq!(rule.num_calls(), 1);
}

#[tokio::test]
async fn every_kind_of_route_is_read_and_every_page_followed() {
    let first = mock!(Client::describe_route_tables).match_requests(|request| request.next_token().is_none()).then_http_response(xml(
        r#"<DescribeRouteTablesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><routeTableSet><item>
            <vpcId>vpc-0a1b2c3d</vpcId><routeTableId>rtb-00000001</routeTableId>
            <associationSet>
              <item><main>true</main></item>
              <item><main>false</main><subnetId>subnet-0000000a</subnetId></item>
            </associationSet>
            <routeSet>
              <item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state><origin>CreateRouteTable</origin></item>
              <item><destinationCidrBlock>10.2.0.0/16</destinationCidrBlock><vpcPeeringConnectionId>pcx-0a1b2c3d</vpcPeeringConnectionId><state>blackhole</state><origin>CreateRoute</origin></item>
              <item><destinationIpv6CidrBlock>::/0</destinationIpv6CidrBlock><egressOnlyInternetGatewayId>eigw-1</egressOnlyInternetGatewayId><state>active</state></item>
              <item><destinationCidrBlock>10.3.0.0/16</destinationCidrBlock><gatewayId>vgw-1</gatewayId><state>active</state><origin>EnableVgwRoutePropagation</origin></item>
              <item><destinationCidrBlock>10.4.0.0/16</destinationCidrBlock><networkInterfaceId>eni-1</networkInterfaceId><state>active</state><origin>Advertisement</origin></item>
              <item><destinationPrefixListId>pl-1</destinationPrefixListId><gatewayId>vpce-1</gatewayId><state>active</state></item>
              <item><destinationPrefixListId>pl-2</destinationPrefixListId><gatewayId>igw-1</gatewayId><state>active</state></item>
              <item><destinationPrefixListId>pl-3</destinationPrefixListId><gatewayId>igw-1</gatewayId><state>active</state></item>
            </routeSet>
            </item></routeTableSet><nextToken>more</nextToken></DescribeRouteTablesResponse>"#,
    ));
    let second = mock!(Client::describe_route_tables)
        .match_requests(|request| request.next_token() == Some("more"))
        .then_http_response(xml(
            r#"<DescribeRouteTablesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><routeTableSet><item>
            <vpcId>vpc-0a1b2c3d</vpcId><routeTableId>rtb-00000002</routeTableId>
            <associationSet><item><main>false</main><gatewayId>igw-1</gatewayId></item></associationSet>
            </item></routeTableSet></DescribeRouteTablesResponse>"#,
        ));
    let lists = mock!(Client::describe_managed_prefix_lists)
        .match_requests(|request| request.filters()[0].values() == ["pl-1", "pl-2", "pl-3"])
        .then_http_response(xml(
            r#"<DescribeManagedPrefixListsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><prefixListSet>
            <item><prefixListId>pl-1</prefixListId><ownerId>AWS</ownerId><addressFamily>IPv4</addressFamily></item>
            <item><prefixListId>pl-2</prefixListId><ownerId>222222222222</ownerId><addressFamily>IPv6</addressFamily><maxEntries>20</maxEntries></item>
            <item><prefixListId>pl-3</prefixListId><ownerId>222222222222</ownerId><addressFamily>IPv4</addressFamily><maxEntries>7</maxEntries></item>
            </prefixListSet></DescribeManagedPrefixListsResponse>"#,
        ));
    let blocks = mock!(Client::get_managed_prefix_list_entries)
        .match_requests(|request| request.prefix_list_id() == Some("pl-2"))
        .then_http_response(xml(
            r#"<GetManagedPrefixListEntriesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><entrySet>
            <item><cidr>fd00:2::/56</cidr></item><item><cidr>fd00:3::/56</cidr></item>
            </entrySet></GetManagedPrefixListEntriesResponse>"#,
        ));
    let denied = mock!(Client::get_managed_prefix_list_entries)
        .match_requests(|request| request.prefix_list_id() == Some("pl-3"))
        .then_http_response(|| failure(403, "UnauthorizedOperation"));
    let rules = [&first, &second, &lists, &blocks, &denied];
    let tables = network(&rules).route_tables(&end()).await.expect("tables");
    let lists = tables[0].prefix_lists.iter();
    let lists: Vec<_> = lists.map(|list| (list.blocks.as_ref().map(Vec::len), list.is_v6, list.size)).collect();
    assert_eq!(lists, [(Some(0), false, 1), (Some(2), true, 20), (None, false, 7)]);
    assert_eq!(tables[0].prefix_lists[1].via(), "igw-1 by the prefix list pl-2");
    assert_eq!(tables.len(), 2);
    assert!(tables[0].main && !tables[0].edge && tables[1].edge);
    assert_eq!(tables[0].subnets.len(), 1);
    let routes: Vec<String> = tables[0]
        .routes
        .iter()
        .map(|r| format!("{} {} {} {}", r.destination, r.target, r.blackhole, r.propagated))
        .collect();
    assert_eq!(
        routes,
        [
            "10.0.0.0/16 local false false",
            "10.2.0.0/16 pcx-0a1b2c3d true false",
            "::/0 eigw-1 false false",
            "10.3.0.0/16 vgw-1 false true",
            "10.4.0.0/16 eni-1 false true"
        ]
    );
    assert_eq!(tables[0].routes[1].target, Target::Peering("pcx-0a1b2c3d".parse().expect("an id")));
}

#[tokio::test]
async fn each_error_code_of_ec2_means_one_thing() {
    let meanings = [
        ("RouteAlreadyExists", CallErrorKind::RouteExists),
        ("InvalidRouteTableId.NotFound", CallErrorKind::NoSuchRouteTable),
        ("UnsupportedOperation", CallErrorKind::Other),
        ("RequestExpired", CallErrorKind::Unavailable),
        ("RouteLimitExceeded", CallErrorKind::Quota(Quota::RoutesPerRouteTable)),
        ("InvalidVpcPeeringConnectionID.NotFound", CallErrorKind::NoSuchConnection),
        ("InvalidRouteTableID.NotFound", CallErrorKind::NoSuchRouteTable),
        ("UnauthorizedOperation", CallErrorKind::Denied),
        ("RequestLimitExceeded", CallErrorKind::Throttled),
        ("SomethingNew", CallErrorKind::Other),
    ];
    for (code, kind) in meanings {
        let rule = mock!(Client::create_route).then_http_response(move || failure(400, code));
        let (table, to) = ("rtb-00000001".parse().expect("an id"), "pcx-0a1b2c3d".parse().expect("an id"));
        let destination = "10.2.0.0/16".parse().expect("a block");
        let error = network(&[&rule]).create_route(&end(), &table, destination, &to).await.expect_err(code);
        assert_eq!((error.kind, error.code.as_str(), error.action.as_str()), (kind, code, "ec2:CreateRoute"));
        assert_eq!(&*error.message, "no");
    }
}

#[tokio::test]
async fn an_unknown_code_is_a_refusal_and_with_a_5xx_a_failure_of_aws() {
    for (status, name) in [(400, "RefusedByAws"), (500, "ServiceFault"), (503, "ServiceFault")] {
        let rule =
            mock!(Client::delete_vpc_peering_connection).then_http_response(move || failure(status, "SomethingNew"));
        let id = "pcx-0a1b2c3d".parse().expect("an id");
        let error = network(&[&rule]).delete_connection(&end(), &id).await.expect_err("refused").into_error();
        let (error, cause) = error.name_and_cause();
        assert_eq!((error.as_str(), &cause["Code"]), (name, &json!("SomethingNew")));
        assert_eq!(cause.get("Reason"), (name == "RefusedByAws").then(|| json!("no")).as_ref());
    }
}

#[tokio::test]
async fn an_ipv6_destination_goes_into_its_own_field() {
    let rule = mock!(Client::create_route)
        .match_requests(|request| {
            request.destination_ipv6_cidr_block() == Some("2001:db8::/64") && request.destination_cidr_block().is_none()
        })
        .then_output(|| aws_sdk_ec2::operation::create_route::CreateRouteOutput::builder().build());
    let (table, to) = ("rtb-00000001".parse().expect("an id"), "pcx-0a1b2c3d".parse().expect("an id"));
    network(&[&rule])
        .create_route(&end(), &table, "2001:db8::/64".parse().expect("a block"), &to)
        .await
        .expect("written");
}

/// There is no rule that answers a call.
#[tokio::test]
async fn in_report_mode_no_write_becomes_a_call() {
    let network = network_in(Mode::Report, &[]);
    let (end, tags) = (end(), [("Name".to_owned(), "a".to_owned())].into());
    let (id, table) = ("pcx-0a1b2c3d".parse().expect("an id"), "rtb-0a1b2c3d".parse().expect("an id"));
    let record = ConnectionIdentity { id, requester: end.clone(), accepter: end.clone() };
    let (id, block) = (&record.id, "10.0.0.0/16".parse().expect("a block"));
    let refused = [
        network.tag_vpc(&end, &tags).await,
        network.untag_vpc(&end, &["Name".to_owned()].into()).await,
        network.create_connection(&end, &end, &tags).await.map(drop),
        network.accept_connection(&record).await.map(drop),
        network.delete_connection(&end, id).await,
        network.tag_connection(&end, id, &tags).await,
        network.allow_dns_resolution(&end, &record).await,
        network.create_route(&end, &table, block, id).await,
        network.delete_route(&end, &table, block).await,
    ];
    for result in refused {
        let error = result.expect_err("refused");
        assert_eq!((error.kind, error.code.as_str()), (CallErrorKind::Denied, "ReportMode"), "{error}");
    }
}
