//! `/apps/{id}`: everything about one app.

use serde::Serialize;

use super::{Ask, apps};
use crate::dashboard::problem::Problem;
use crate::dashboard::sources::apps::App;

/// The page's data.
#[derive(Debug, Serialize)]
pub struct Page {
    id: String,
    /// Several when the app was started several times.
    instances: Vec<App>,
}

/// What is known of it now.
pub async fn data(ask: Ask) -> Result<Page, Problem> {
    Ok(Page { id: ask.part("id").to_owned(), instances: apps::of(&ask).await? })
}
