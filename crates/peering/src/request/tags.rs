//! The tags that a request may give its connection.

use crate::error::Error;
use crate::request::PeeringInput;
use crate::stack::Stack;
use crate::tags::{CONNECTION_TAGS, KEY_CHARACTERS, TAGS_PER_RESOURCE, VALUE_CHARACTERS};

/// `Name`, and the two that say whose it is.
const OWN: usize = 3;

/// Fails with [`Error::InvalidRequest`] where AWS would refuse a tag, or one is the stack's own.
pub(super) fn check_tags(input: &PeeringInput, stack: &Stack) -> Result<(), Error> {
    let own = [format!("{}:", stack.tag_prefix), CONNECTION_TAGS.to_owned()].map(|start| start.to_ascii_lowercase());
    if let Some(name) = &input.name
        && name.chars().count() > VALUE_CHARACTERS
    {
        return Err(Error::invalid("Name", format!("a tag's value has at most {VALUE_CHARACTERS} characters")));
    }
    let others = OWN + stack.connection_tags.len();
    let room = TAGS_PER_RESOURCE.saturating_sub(others);
    if input.tags.len() > room {
        let message =
            format!("give at most {room}: AWS allows {TAGS_PER_RESOURCE} a resource, and {others} are the stack's");
        return Err(Error::invalid("Tags", message));
    }
    for (key, value) in &input.tags {
        let refusal = match key.as_str() {
            "Name" => Some("write it as the field Name".to_owned()),
            "" => Some("a tag's key can't be empty".to_owned()),
            key if key.to_ascii_lowercase().starts_with("aws:") => {
                Some("AWS keeps keys that begin with aws: to itself".to_owned())
            }
            // IAM compares keys without case.
            key if own.iter().any(|start| key.to_ascii_lowercase().starts_with(start)) => {
                Some("keys with that prefix are the stack's own".to_owned())
            }
            key if key.chars().count() > KEY_CHARACTERS => {
                Some(format!("a tag's key has at most {KEY_CHARACTERS} characters"))
            }
            _ if value.chars().count() > VALUE_CHARACTERS => {
                Some(format!("a tag's value has at most {VALUE_CHARACTERS} characters"))
            }
            _ => None,
        };
        if let Some(message) = refusal {
            return Err(Error::invalid(format!("Tags.{key}"), message));
        }
    }
    Ok(())
}
