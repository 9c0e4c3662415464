//! What there is, for the program `isthmus` and for the dashboard. It only reads.

use isthmus_aws::serve;
use isthmus_peering::steps::topology;
use isthmus_picture::topology::Topology;
use isthmus_picture::{Theme, widget};
use serde::{Deserialize, Serialize};

/// The event; of a person, anything without these fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    /// From a CloudWatch custom widget.
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_about.html>
    widget_context: Option<WidgetContext>,
    /// CloudWatch's console asks for the documentation of a widget, in Markdown.
    #[serde(default)]
    describe: bool,
}

#[derive(Deserialize)]
struct WidgetContext {
    #[serde(default)]
    theme: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Topology(Topology),
    Text(String),
}

const DESCRIPTION: &str = "The VPCs and peerings of all accounts and Regions of a stack. It takes no parameters.";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, asked: Asked, call| {
        if asked.describe {
            return Ok(Answer::Text(DESCRIPTION.to_owned()));
        }
        let seen = topology(runtime.context(call), &runtime.scope()?, &call.began()).await?;
        Ok(match asked.widget_context {
            Some(context) => Answer::Text(widget(&seen, theme(&context))),
            None => Answer::Topology(seen),
        })
    })
    .await
}

fn theme(context: &WidgetContext) -> Theme {
    if context.theme == "dark" { Theme::Dark } else { Theme::Light }
}
