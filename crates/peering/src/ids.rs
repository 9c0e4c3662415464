//! The names AWS gives to things, as types. Each is checked once, where it enters, and printed as AWS spells it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a piece of text is not the name it should be; one sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $is_valid:expr, $shape:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as AWS spells it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Malformed;

            fn try_from(text: String) -> Result<Self, Malformed> {
                let is_valid: fn(&str) -> bool = $is_valid;
                if is_valid(&text) { Ok(Self(text)) } else { Err(Malformed(format!("{text:?} is not {}", $shape))) }
            }
        }

        impl std::str::FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_type!(
    /// A VPC, `vpc-` and 8 or 17 hexadecimal digits.
    VpcId, |text| is_resource_id(text, "vpc-"), "a VPC id: write vpc- and 8 or 17 hexadecimal digits"
);
name_type!(
    /// A route table, `rtb-…`.
    RouteTableId, |text| is_resource_id(text, "rtb-"), "a route table id: write rtb- and 8 or 17 hexadecimal digits"
);
name_type!(
    /// A subnet, `subnet-…`.
    SubnetId, |text| is_resource_id(text, "subnet-"), "a subnet id: write subnet- and 8 or 17 hexadecimal digits"
);
name_type!(
    /// A VPC peering connection, `pcx-…`.
    VpcPeeringConnectionId, |text| is_resource_id(text, "pcx-"),
    "a VPC peering connection id: write pcx- and 8 or 17 hexadecimal digits"
);
name_type!(
    /// An AWS account: 12 digits. A string, because leading zeros count.
    AccountId, |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()),
    "an AWS account id: write its 12 digits as a string"
);
name_type!(
    /// The form of a Region code, such as `eu-central-1`. Whether AWS has that Region is for EC2 to say.
    Region, is_region_code, "a Region code: write one such as eu-central-1"
);

/// AWS's ids are 8 digits (before 2016, and still valid) or 17.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html>
fn is_resource_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn is_region_code(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, middle @ .., number] = parts.as_slice() else { return false };
    let is_word = |part: &&str| !part.is_empty() && part.len() <= 12 && part.bytes().all(|b| b.is_ascii_lowercase());
    (2..=4).contains(&area.len())
        && (1..=2).contains(&middle.len())
        && is_word(area)
        && middle.iter().all(is_word)
        && matches!(number.as_bytes(), [b'1'..=b'9'] | [b'1'..=b'9', b'0'..=b'9'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_accepted_as_aws_writes_them() {
        for id in ["vpc-0a1b2c3d", "vpc-0123456789abcdef0"] {
            assert_eq!(id.parse::<VpcId>().unwrap().to_string(), id);
        }
        for region in ["us-east-1", "ap-southeast-2", "us-gov-west-1", "cn-north-1", "mx-central-1"] {
            assert_eq!(region.parse::<Region>().unwrap().to_string(), region);
        }
        assert_eq!("000000000001".parse::<AccountId>().unwrap().as_str(), "000000000001");
    }

    #[test]
    fn anything_else_is_refused_with_the_right_form() {
        for id in
            ["", "vpc-", "vpc-xyz", "VPC-0a1b2c3d", "vpc-0a1b2c3", "rtb-0a1b2c3d", "vpc-0a1b2c3d\n", "vpc-0A1B2C3D"]
        {
            let refusal = id.parse::<VpcId>().unwrap_err().to_string();
            assert!(refusal.contains("write vpc- and 8 or 17 hexadecimal digits"), "{refusal}");
        }
        for region in ["", "us", "us-east", "us-east-", "us-east-0", "us-East-1", "us-east-1/../", "a.b-c-1", "us--1"] {
            assert!(region.parse::<Region>().is_err(), "{region}");
        }
        for account in ["", "12345678901", "1234567890123", "12345678901a", "１２３４５６７８９０１２"] {
            assert!(account.parse::<AccountId>().is_err(), "{account}");
        }
    }
}
